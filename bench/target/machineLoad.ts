import { readFileSync } from 'node:fs'
import { cpuMicrosWithChildren } from './processCost.ts'

/** How much CPU all processes of this machine have spent so far, in microseconds. */
function busyMicros(): number {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1)
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = first
    .split(/\s+/)
    .slice(1)
    .map(Number)
  // In hundredths of a second, whatever the kernel counts in.
  return (user + nice + system + irq + softirq) * 10_000
}

/**
 * Watches what this machine does beside the bench: caches and cores are shared, so figures taken next to
 * other work are worth little, and who reads them should know.
 */
export class MachineLoad {
  readonly #shares: number[] = []

  /** @param servedMicros what the server under load has spent so far */
  async watch<T>(servedMicros: () => number, work: () => Promise<T>): Promise<T> {
    const before = { at: performance.now(), busy: busyMicros(), own: ownMicros(servedMicros) }
    const result = await work()
    const micros = (performance.now() - before.at) * 1000
    const foreign = busyMicros() - before.busy - (ownMicros(servedMicros) - before.own)
    this.#shares.push(Math.max(0, foreign / micros))
    return result
  }

  /** Cores that others kept busy, stretch by stretch. */
  get shares(): readonly number[] {
    return this.#shares
  }
}

/** Ours are this process, the load generators it has waited for, and the server. */
function ownMicros(servedMicros: () => number): number {
  return cpuMicrosWithChildren(process.pid) + servedMicros()
}
