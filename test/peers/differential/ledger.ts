import { covers, type KnownDifference } from './knownDifference.ts'
import type { Pair } from './twins.ts'

/** Holds pairs against the table of wanted differences, and counts which of them were met. */
export class Ledger {
  readonly #table: readonly KnownDifference[]
  readonly #met = new Map<KnownDifference, number>()
  #pairs = 0
  #equal = 0
  #failed = 0

  constructor(table: readonly KnownDifference[]) {
    this.#table = table
  }

  get pairs(): number {
    return this.#pairs
  }

  /** What is different in a pair and stands in no entry, as text; nothing when all of it is wanted. */
  enter(pair: Pair): string | undefined {
    this.#pairs++
    if (pair.discrepancies.length === 0) this.#equal++
    const unlisted = pair.discrepancies.filter((discrepancy) => {
      const known = this.#table.find((entry) => covers(entry, pair, discrepancy))
      if (known !== undefined) this.#met.set(known, (this.#met.get(known) ?? 0) + 1)
      return known === undefined
    })
    if (unlisted.length === 0) return undefined
    this.#failed++
    return [
      shownQuestion(pair),
      ...unlisted.map(
        ({ where, theirs, ours }) => `    ${where}: Barbican ${theirs}, Gatehouse ${ours}`,
      ),
      `    Barbican:  ${shownAnswer(pair.theirs)}`,
      `    Gatehouse: ${shownAnswer(pair.ours)}`,
    ].join('\n')
  }

  /** Entries no pair has shown: the difference is gone, or was never there. */
  unmet(): readonly KnownDifference[] {
    return this.#table.filter((entry) => !this.#met.has(entry))
  }

  summary(): string {
    const rows = [...this.#met]
      .toSorted(([, one], [, other]) => other - one)
      .map(
        ([{ cause, quirk, reason }, count]) =>
          `${String(count).padStart(6)}  ${cause.padEnd(17)} ${(quirk ?? '').padEnd(4)} ${reason}`,
      )
    const listed = this.#pairs - this.#equal - this.#failed
    return [
      `${this.#pairs} pairs: ${this.#equal} equal, ${listed} differ as listed, ${this.#failed} differ otherwise`,
      'differences by cause, quirk and reason (a pair may show several):',
      ...rows,
    ].join('\n')
  }
}

const shownQuestion = ({ scenario, question }: Pair): string => {
  const { method, path, by, headers, body } = question
  const who = by === undefined ? 'nobody' : `${by.user ?? '-'} (${by.roles?.join(',') ?? '-'})`
  const sent = body === undefined ? '' : ` ${JSON.stringify(body.toString('latin1').slice(0, 300))}`
  return `${scenario}: ${method} ${path.slice(0, 300)} by ${who} ${JSON.stringify(headers)}${sent}`
}

const shownAnswer = ({ status, body }: Pair['theirs']): string =>
  `${status} ${JSON.stringify(body.toString('latin1').slice(0, 300))}`
