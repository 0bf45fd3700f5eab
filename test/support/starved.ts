import { setTimeout as delay } from 'node:timers/promises'

/** Takes the processor away from a process and gives it back for moments, as a machine with far too much to do would. */
export class Starved {
  #isOver = false
  readonly #going: Promise<void>

  constructor(pid: number, stoppedMs = 400) {
    this.#going = this.#go(pid, stoppedMs)
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#going
  }

  async #go(pid: number, stoppedMs: number): Promise<void> {
    while (!this.#isOver) {
      process.kill(pid, 'SIGSTOP')
      await delay(stoppedMs)
      process.kill(pid, 'SIGCONT')
      // Less than from one look at the loop to the next: every look is a late one.
      await delay(60)
    }
  }
}
