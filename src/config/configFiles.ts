import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Mistake } from './settingsMistake.ts'

/** `--config-file` and `--config-dir` in the order of the command line; later ones win. */
export interface ConfigSource {
  readonly kind: 'file' | 'folder'
  readonly path: string
}

export interface ConfigFile {
  readonly path: string
  readonly content: string
  /** May every user of this machine read it? */
  readonly isOpenToAll: boolean
}

export interface ConfigFiles {
  readonly files: readonly ConfigFile[]
  /** Folders relative paths are looked up in, the last one given first. */
  readonly folders: readonly string[]
  readonly mistakes: readonly Mistake[]
}

/** A megabyte of settings is no settings file; refuse before reading a database or a log by mistake. */
const MOST_BYTES = 1024 * 1024

/** The first pair that exists is used, when the command line names nothing. */
const USUAL_PLACES = [
  { file: '/etc/gatehouse/gatehouse.conf', folder: '/etc/gatehouse/gatehouse.conf.d' },
  { file: '/etc/barbican/barbican.conf', folder: '/etc/barbican/barbican.conf.d' },
] as const

export function usualSources(root = '/'): readonly ConfigSource[] {
  for (const place of USUAL_PLACES) {
    const found: ConfigSource[] = []
    if (exists(join(root, place.file))) found.push({ kind: 'file', path: join(root, place.file) })
    if (exists(join(root, place.folder))) {
      found.push({ kind: 'folder', path: join(root, place.folder) })
    }
    if (found.length > 0) return found
  }
  return []
}

export function readConfigFiles(sources: readonly ConfigSource[]): ConfigFiles {
  const files: ConfigFile[] = []
  const folders: string[] = []
  const mistakes: Mistake[] = []
  for (const source of sources) {
    const path = resolve(source.path)
    try {
      folders.unshift(source.kind === 'file' ? dirname(path) : path)
      for (const one of source.kind === 'file' ? [path] : confFilesIn(path)) {
        const read = readConfigFile(one)
        if ('content' in read) files.push(read)
        else mistakes.push(read)
      }
    } catch (cause) {
      mistakes.push({ where: path, what: describeFailure(cause) })
    }
  }
  return { files, folders: [...new Set(folders)], mistakes }
}

function confFilesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.conf') && !name.startsWith('.'))
    .sort()
    .map((name) => join(folder, name))
}

function readConfigFile(path: string): ConfigFile | Mistake {
  try {
    const stat = statSync(path)
    if (stat.isDirectory()) {
      return { where: path, what: 'is a folder: name it with --config-dir' }
    }
    const bytes = readAtMost(path, MOST_BYTES + 1)
    return bytes.length > MOST_BYTES
      ? { where: path, what: `has more than ${MOST_BYTES} bytes: it is no settings file` }
      : decode(path, bytes, stat.isFile() && (stat.mode & 0o004) !== 0)
  } catch (cause) {
    return { where: path, what: describeFailure(cause) }
  }
}

/** Bounded, because a path may name a device or a pipe that never ends. */
function readAtMost(path: string, most: number): Buffer {
  const descriptor = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(most)
    let length = 0
    while (length < most) {
      const got = readSync(descriptor, bytes, length, most - length, null)
      if (got === 0) break
      length += got
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(descriptor)
  }
}

function decode(path: string, bytes: Buffer, isOpenToAll: boolean): ConfigFile | Mistake {
  if (bytes.includes(0)) {
    return { where: path, what: 'holds NUL bytes: it is binary, or UTF-16; write it as UTF-8' }
  }
  try {
    // The decoder takes a byte order mark off, as editors on Windows write it.
    const content = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { path, content, isOpenToAll }
  } catch {
    return { where: path, what: `is not UTF-8 (line ${firstBadLine(bytes)})` }
  }
}

function firstBadLine(bytes: Buffer): number {
  const good = new TextDecoder('utf-8')
    .decode(bytes)
    .split('\n')
    .findIndex((line) => line.includes('\ufffd'))
  return good + 1
}

function describeFailure(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
  return FAILURES.get(code) ?? `cannot be read (${code})`
}
const FAILURES: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'does not exist'],
  ['EACCES', 'may not be read by this user'],
  ['ENOTDIR', 'is no folder: name a file with --config-file'],
])

/** What may not even be looked at counts as there: passing over it would start with other settings than meant. */
function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}
