import { Counter, type Registry } from 'prom-client'

interface TallyOptions<Kind extends string> {
  readonly name: string
  readonly help: string
  readonly label: string
  /** Those that are shown from the start, as 0. */
  readonly kinds?: readonly Kind[]
  readonly registry: Registry
}

/** A counter for what every request counts: plain numbers, made into metrics when somebody reads them. */
export class Tally<Kind extends string> {
  readonly #counts = new Map<Kind, number>()

  constructor({ name, help, label, kinds = [], registry }: TallyOptions<Kind>) {
    for (const kind of kinds) this.#counts.set(kind, 0)
    const counts = this.#counts
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset()
        for (const [kind, count] of counts) this.inc({ [label]: kind }, count)
      },
    })
  }

  count(kind: Kind, by = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + by)
  }
}
