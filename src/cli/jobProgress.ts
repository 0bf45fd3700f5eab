import type { Job } from '../model/job.ts'
import { barLine } from './longWork.ts'
import type { Surroundings } from './surroundings.ts'

const LINE_EVERY_MS = 10_000

/** How far a job is: a bar on a terminal, else a line now and then. */
export class JobProgress {
  readonly #surroundings: Pick<Surroundings, 'err' | 'monotonicMs'>
  #shownAtMs: number
  #trouble: string | null = null
  #isBarOpen = false

  constructor(surroundings: Pick<Surroundings, 'err' | 'monotonicMs'>) {
    this.#surroundings = surroundings
    this.#shownAtMs = surroundings.monotonicMs()
  }

  show(job: Job): void {
    const { err, monotonicMs } = this.#surroundings
    if (job.trouble !== null && job.trouble !== this.#trouble) {
      err.write(`${this.#isBarOpen ? '\n' : ''}waiting: ${job.trouble}\n`)
    }
    this.#trouble = job.trouble
    const isOver = job.state !== 'running'
    const isDue = err.isTerminal || monotonicMs() - this.#shownAtMs >= LINE_EVERY_MS
    if (!isDue) return
    this.#shownAtMs = monotonicMs()
    const percent = percentOf(job)
    const what = `${job.kind}: ${job.place.phase}`
    if (err.isTerminal) err.write(barLine(what, percent, isOver))
    else err.write(`${what}: ${percent} %, ${job.done} of ${job.total}\n`)
    this.#isBarOpen = err.isTerminal && !isOver
  }
}

/** What was moved is half of it, what was opened afterwards the other. */
export function percentOf({ kind, state, total, done, verified }: Job): number {
  if (state === 'done' || state === 'failed') return 100
  const isOnce = kind === 'project-keys' || kind === 'formats'
  const share = isOnce ? done : (Math.min(done, total) + Math.min(verified, total)) / 2
  return Math.min(99, Math.floor((100 * share) / Math.max(1, total)))
}
