import { randomBytes } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { Advance } from './longWork.ts'

const PIECE_BYTES = 256 * 1024

/**
 * Writes a file for this user alone, under another name until it is whole and durable: after a crash
 * at any moment there is all of it or none.
 * @returns how many bytes it has
 */
export async function writeBackupFile(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  mayReplace: boolean,
): Promise<number> {
  if (!mayReplace && existsSync(path)) throw isThere(path)
  const unfinished = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(unfinished, 'wx', 0o600)
    let bytes = 0
    try {
      for await (const piece of pieces) {
        await writeAll(file, piece)
        bytes += piece.length
      }
      await file.sync()
    } finally {
      await file.close()
    }
    // A link, unlike a rename, never takes the place of another file.
    if (mayReplace) await rename(unfinished, path)
    else await link(unfinished, path)
    return bytes
  } catch (cause) {
    const code = systemCodeOf(cause)
    if (code === undefined) throw cause
    if (code === 'EEXIST') throw isThere(path)
    throw new StartupRefusal(`The backup ${path} cannot be written: ${code}.`, { cause })
  } finally {
    await rm(unfinished, { force: true })
    await syncFolder(dirname(path))
  }
}

async function writeAll(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length; ) {
    const { bytesWritten } = await file.write(piece, at, piece.length - at)
    at += bytesWritten
  }
}

/** The bytes of a file from its beginning to its end. */
export async function* readBackupFile(path: string, advance: Advance): AsyncGenerator<Uint8Array> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      for (;;) {
        const piece = Buffer.allocUnsafeSlow(PIECE_BYTES)
        const { bytesRead } = await file.read(piece, 0, piece.length, null)
        if (bytesRead === 0) return
        advance(bytesRead)
        yield piece.subarray(0, bytesRead)
      }
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw cannotBeRead(path, cause)
  }
}

export async function sizeOfBackup(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (cause) {
    throw cannotBeRead(path, cause)
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY).catch(() => undefined)
  try {
    await folder?.sync()
  } finally {
    await folder?.close()
  }
}

function isThere(path: string): StartupRefusal {
  return new StartupRefusal(`${path} is there already: name another file, or give --force.`)
}

function cannotBeRead(path: string, cause: unknown): unknown {
  const code = systemCodeOf(cause)
  return code === undefined
    ? cause
    : new StartupRefusal(`The backup ${path} cannot be read: ${code}.`, { cause })
}

/** undefined: the error is not the file's. */
function systemCodeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'syscall' in cause && 'code' in cause
    ? String(cause.code)
    : undefined
}
