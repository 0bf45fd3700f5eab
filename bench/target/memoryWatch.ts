import { ownMemoryMb } from './processCost.ts'

const EVERY_MS = 1_000

/** What a process holds for itself, looked at once a second. */
export class MemoryWatch {
  readonly #pid: number
  readonly #found: number[] = []
  readonly #timer: NodeJS.Timeout

  constructor(pid: number) {
    this.#pid = pid
    this.#timer = setInterval(() => this.#look(), EVERY_MS).unref()
    this.#look()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** By quarters of the time: what grows with what was done shows from one to the next. */
  told(): string {
    this.#look()
    const quarter = Math.ceil(this.#found.length / 4)
    const most = [0, 1, 2, 3]
      .map((index) => this.#found.slice(index * quarter, (index + 1) * quarter))
      .filter((part) => part.length > 0)
      .map((part) => Math.max(...part).toFixed(0))
    return `At most ${most.join(', ')} MB by quarters of the time`
  }

  #look(): void {
    this.#found.push(ownMemoryMb(this.#pid))
  }
}
