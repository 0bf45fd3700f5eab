import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Asked for when first needed: tests that only import this run where there is no getconf. */
let ticksPerSecond: number | undefined

/** What a process with all its threads has spent so far, user and system, in microseconds. */
export function cpuMicros(pid: number): number {
  const [user = 0, system = 0] = timesOf(pid)
  return ticksAsMicros(user + system)
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
