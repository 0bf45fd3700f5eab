import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Asked for when first needed: tests that only import this run where there is no getconf. */
let ticksPerSecond: number | undefined

/** What a process with all its threads has spent so far, user and system, in microseconds. */
export function cpuMicros(pid: number): number {
  const [user = 0, system = 0] = timesOf(pid)
  return ticksAsMicros(user + system)
}

/** The same by the names of its threads; the first, which is called as Node pleases, is `main`. */
export function cpuMicrosByThread(pid: number): ReadonlyMap<string, number> {
  const spent = new Map<string, number>()
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`
    const name = thread === String(pid) ? 'main' : readFileSync(`${folder}/comm`, 'utf8').trim()
    const nanoseconds = Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0])
    spent.set(name, (spent.get(name) ?? 0) + nanoseconds / 1000)
  }
  return spent
}

/** The same, with the children it has waited for. */
export function cpuMicrosWithChildren(pid: number): number {
  return ticksAsMicros(timesOf(pid).reduce((sum, ticks) => sum + ticks, 0))
}

/** utime, stime, cutime, cstime */
function timesOf(pid: number): readonly number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may hold blanks; behind it they are fields 12 to 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).map(Number)
}

function ticksAsMicros(ticks: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return (ticks / ticksPerSecond) * 1e6
}

/** Memory that is the process's own: pages of mapped files (programs, a mapped database) are not. */
export function ownMemoryMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
  return (kb('RssAnon') + kb('RssShmem')) / 1024
}
