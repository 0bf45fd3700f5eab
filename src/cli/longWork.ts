import { StartupRefusal } from '../lib/startupRefusal.ts'
import { EXIT_CODES } from './exitCodes.ts'
import type { Surroundings } from './surroundings.ts'

/** Is told how much more is done. @throws StartupRefusal after SIGINT or SIGTERM */
export type Advance = (by: number) => void

const BAR_CELLS = 30
const TERMINAL_EVERY_MS = 100
const LINE_EVERY_MS = 10_000

/**
 * Work that somebody waits for: a bar that moves on a terminal, else a line now and then. A signal
 * ends it at its next step, so that it takes away what it left lying around; a second one at once.
 */
export class LongWork {
  readonly #surroundings: Pick<Surroundings, 'err' | 'monotonicMs'>
  #isInterrupted = false

  constructor(surroundings: Pick<Surroundings, 'err' | 'monotonicMs' | 'onSignal' | 'exitNow'>) {
    this.#surroundings = surroundings
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      surroundings.onSignal(name, () => {
        if (this.#isInterrupted) surroundings.exitNow(EXIT_CODES.refused.code)
        this.#isInterrupted = true
      })
    }
  }

  /**
   * @param total in whatever `advance` counts
   * @param kept what stays of it when it is interrupted
   */
  begin(what: string, total: number, kept = () => 'nothing was kept'): Advance {
    const { err, monotonicMs } = this.#surroundings
    const everyMs = err.isTerminal ? TERMINAL_EVERY_MS : LINE_EVERY_MS
    let done = 0
    let isEnded = false
    let shownAtMs = monotonicMs()
    // On a terminal even the shortest work is seen; a script hears of what it has to wait for.
    let isShown = err.isTerminal
    return (by) => {
      if (this.#isInterrupted) throw new StartupRefusal(`Interrupted: ${kept()}.`)
      done += by
      const isDue = monotonicMs() - shownAtMs >= everyMs
      const isLast = done >= total && isShown && !isEnded
      if (!isDue && !isLast) return
      isShown = true
      isEnded ||= isLast
      shownAtMs = monotonicMs()
      const percent = Math.floor((100 * Math.min(done, total)) / Math.max(total, 1))
      const shown = total === 0 ? 100 : percent
      err.write(err.isTerminal ? barLine(what, shown, isLast) : `${what}: ${shown} %\n`)
    }
  }
}

export function barLine(what: string, percent: number, isLast: boolean): string {
  const bar = '#'.repeat(Math.floor((BAR_CELLS * percent) / 100)).padEnd(BAR_CELLS, '.')
  return `\r${what.padEnd(20)} [${bar}] ${String(percent).padStart(3)} %${isLast ? '\n' : ''}`
}
