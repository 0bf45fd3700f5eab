import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import {
  type FileHandle,
  link,
  open,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
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

/**
 * After a crash at any moment there is the old file or the new one, whole.
 * @param before what is to be there until then; left out, whatever is there
 * @throws StartupRefusal when it is not that any more
 */
export async function replacePrivateFile(
  path: string,
  bytes: Uint8Array,
  before?: Uint8Array,
): Promise<void> {
  const copy = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeDurably(copy, bytes)
    if (before !== undefined && !(await holds(path, before))) {
      throw new StartupRefusal(`${path} was changed meanwhile: look, and try again.`)
    }
    await rename(copy, path)
  } catch (cause) {
    if (cause instanceof StartupRefusal) throw cause
    throw new StartupRefusal(`${path} cannot be written: ${codeOf(cause)}.`, { cause })
  } finally {
    await rm(copy, { force: true })
    await syncFolder(dirname(path))
  }
}

async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  const present = await readPrivateFile(path)
  const isSame = present !== undefined && Buffer.compare(present, bytes) === 0
  present?.fill(0)
  return isSame
}

/** Says that a file may have changed, without reading it; undefined: it cannot be looked at. */
export async function markOfFile(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found && `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`
}

/**
 * Lets one process at a time change a file. What a killed one left is taken over.
 * @throws StartupRefusal while another one is at it
 */
export async function holdingFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`
  const own = `${process.pid}\n`
  const holder = await takeLock(lock, own)
  if (holder !== undefined) {
    if (isAlive(Number(holder))) throw isHeld(path, lock, holder)
    await removeDead(lock, holder)
    if ((await takeLock(lock, own)) !== undefined) throw isHeld(path, lock, holder)
  }
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

function isHeld(path: string, lock: string, holder: string): StartupRefusal {
  return new StartupRefusal(
    `${path} is being changed by process ${holder.trim()}: wait for it, or remove ${lock} when it is not there any more.`,
  )
}

/** @returns who holds it, if somebody does */
async function takeLock(lock: string, own: string): Promise<string | undefined> {
  const copy = `${lock}.${randomBytes(6).toString('hex')}`
  try {
    // Linked in whole: nobody sees a lock without its owner.
    await writeFile(copy, own, { mode: 0o600, flag: 'wx' })
    await link(copy, lock)
    return undefined
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return await readFile(lock, 'utf8').catch(() => '0')
    throw new StartupRefusal(`${lock} cannot be written: ${codeOf(cause)}.`, { cause })
  } finally {
    await rm(copy, { force: true })
  }
}

/** Moved away first, so that of two who find it dead, one removes it and not what the other put there. */
async function removeDead(lock: string, holder: string): Promise<void> {
  const aside = `${lock}.${randomBytes(6).toString('hex')}`
  try {
    await rename(lock, aside)
  } catch {
    return
  }
  const moved = await readFile(aside, 'utf8').catch(() => holder)
  if (moved !== holder) await link(aside, lock).catch(() => undefined)
  await rm(aside, { force: true })
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return codeOf(cause) !== 'ESRCH'
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
