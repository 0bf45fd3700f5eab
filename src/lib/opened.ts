/** What was opened is closed again in the opposite order, also when the start fails half-way. */
export class Opened {
  readonly #closers: (() => unknown)[] = []

  keep<T>(thing: T, close: (thing: T) => unknown): T {
    this.#closers.push(() => close(thing))
    return thing
  }

  async closeAll(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close()
  }
}
