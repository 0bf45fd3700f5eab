import { stat } from 'node:fs/promises'

const LOOK_EVERY_MS = 1000

/** Is one of these files there? Then an operator wants this node out of its load balancer. */
export class DisableFile {
  readonly #paths: readonly string[]
  readonly #monotonicMs: () => number
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #isDisabled: Promise<boolean> = Promise.resolve(false)

  constructor(paths: readonly string[], monotonicMs: () => number) {
    this.#paths = paths
    this.#monotonicMs = monotonicMs
  }

  isDisabled(): Promise<boolean> {
    const nowMs = this.#monotonicMs()
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) {
      this.#lookedAtMs = nowMs
      this.#isDisabled = anyExists(this.#paths)
    }
    return this.#isDisabled
  }
}

async function anyExists(paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.includes(true)
}
