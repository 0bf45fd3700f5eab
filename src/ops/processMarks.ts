import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import type { ProcessMarks } from '../domain/ports/orderRepositories.ts'

/*
 * A process in 31 characters: `world-pid-start-random`. The world is a digest of the boot and of the pid
 * namespace: a pid says something only to those who share both. With its time of start a pid is never
 * mistaken for a later process of the same number.
 */

export interface ProcFiles {
  read(path: string): string
  link(path: string): string
}

interface Started {
  readonly pid: number
  /** In ticks since the boot. */
  readonly start: number
}

const SYSTEM: ProcFiles = {
  read: (path) => readFileSync(path, 'utf8'),
  link: (path) => readlinkSync(path),
}

/** Marks from /proc. Where there is none, a mark is random and nobody is ever known to be dead. */
export class ProcProcessMarks implements ProcessMarks {
  readonly own: string
  readonly #files: ProcFiles
  readonly #world: string | undefined

  constructor(files: ProcFiles = SYSTEM) {
    this.#files = files
    const random = randomBytes(2).toString('hex')
    const self = this.#startOf('self')
    const world = worldOf(files)
    if (world === undefined || self === undefined || self === 'unreadable') {
      this.#world = undefined
      this.own = `unknown-${randomBytes(8).toString('hex')}`
      return
    }
    this.#world = world
    this.own = `${world}-${self.pid.toString(36)}-${self.start.toString(36)}-${random}`
  }

  isDead(mark: string): boolean {
    const [world, pid = '', start = ''] = mark.split('-')
    if (this.#world === undefined || world !== this.#world) return false
    const number = Number.parseInt(pid, 36)
    if (!Number.isSafeInteger(number)) return false
    const present = this.#startOf(String(number))
    if (present === 'unreadable') return false
    return present === undefined || present.start !== Number.parseInt(start, 36)
  }

  /** Fields 1 and 22 of stat(5); the name in field 2 may hold anything, so they are counted behind it. */
  #startOf(pid: string): Started | 'unreadable' | undefined {
    let stat: string
    try {
      stat = this.#files.read(`/proc/${pid}/stat`)
    } catch (error) {
      return isAbsent(error) ? undefined : 'unreadable'
    }
    const start = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
    return Number.isSafeInteger(start) ? { pid: Number.parseInt(stat, 10), start } : 'unreadable'
  }
}

function worldOf(files: ProcFiles): string | undefined {
  try {
    const boot = files.read('/proc/sys/kernel/random/boot_id')
    const namespace = files.link('/proc/self/ns/pid')
    return createHash('sha256').update(`${boot}\0${namespace}`).digest('hex').slice(0, 12)
  } catch {
    return undefined
  }
}

/** ESRCH: it ended between opening and reading. */
function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(ENOENT|ESRCH)$/.test(String(error.code))
}
