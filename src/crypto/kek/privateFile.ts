import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StartupRefusal } from '../../lib/startupRefusal.ts'

/** Far more than a keyring ever needs. */
const MAX_BYTES = 1024 * 1024

/**
 * The bytes of a file that belongs to us alone; undefined when there is none. The caller wipes them.
 * What is looked at is the opened file, so it cannot be exchanged in between.
 */
export async function readPrivateFile(path: string): Promise<Buffer | undefined> {
  const file = await openIfThere(path)
  if (file === undefined) return undefined
  try {
    const { mode, uid, size } = await lookAt(file, path)
    const ours = process.geteuid?.()
    if (ours !== undefined && uid !== ours) {
      throw new StartupRefusal(
        `${path} belongs to user ${uid}, but this process runs as user ${ours}: it must belong to the one who reads it.`,
      )
    }
    if ((mode & 0o077) !== 0) {
      const seen = (mode & 0o777).toString(8).padStart(4, '0')
      throw new StartupRefusal(
        `${path} is open to other users (mode ${seen}): make it 0600, and if others may have read it, replace its keys.`,
      )
    }
    if (size > MAX_BYTES)
      throw new StartupRefusal(`${path} is too large to be a keyring: ${size} bytes.`)
    return await readAll(file, size)
  } finally {
    await file.close()
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    // Not blocking: a pipe in its place must not hold up the start.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw new StartupRefusal(`${path} cannot be read: ${codeOf(cause)}.`, { cause })
  }
}

async function lookAt(file: FileHandle, path: string) {
  const found = await file.stat()
  if (!found.isFile()) throw new StartupRefusal(`${path} is not a regular file.`)
  return found
}

async function readAll(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size)
  let end = 0
  while (end < size) {
    const { bytesRead } = await file.read(bytes, end, size - end, end)
    if (bytesRead === 0) break
    end += bytesRead
  }
  return bytes.subarray(0, end)
}

/**
 * After a crash at any moment there is the whole file or none.
 * @returns false when there was a file already, which stays as it is
 */
export async function createPrivateFile(path: string, bytes: Uint8Array): Promise<boolean> {
  const copy = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeDurably(copy, bytes)
    // A link, unlike a rename, never takes the place of another process's file.
    await link(copy, path)
    return true
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false
    throw new StartupRefusal(`${path} cannot be written: ${codeOf(cause)}.`, { cause })
  } finally {
    await rm(copy, { force: true })
    await syncFolder(dirname(path))
  }
}

/** After a crash at any moment there is the old file or the new one, whole. */
export async function replacePrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  const copy = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeDurably(copy, bytes)
    await rename(copy, path)
  } catch (cause) {
    throw new StartupRefusal(`${path} cannot be written: ${codeOf(cause)}.`, { cause })
  } finally {
    await rm(copy, { force: true })
    await syncFolder(dirname(path))
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await openIfThere(path)
  if (folder === undefined) return
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
}
