import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome } from './stestr.ts'

export interface Score {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** What a run is known to give; `expected/` has one for each, and docs/compatibility.md is written from them. */
export interface Expectation {
  /** Release of the package or commit and date of the clone that gave these numbers. */
  readonly version: string
  readonly passed: number
  /** Tests that fail, each with the reason: it must be one that no server could mend. */
  readonly fails: Readonly<Record<string, string>>
  /** How many tests skip themselves, by the reason they give. */
  readonly skips: Readonly<Record<string, number>>
  /** What the real Barbican scores in the same run; null where nobody has measured it. */
  readonly barbican: (Score & { readonly version: string }) | null
}

export const expectationOf = (run: string): Expectation =>
  JSON.parse(
    readFileSync(join(import.meta.dirname, 'expected', `${run}.json`), 'utf8'),
  ) as Expectation

export const scoreOf = (outcomes: readonly Outcome[]): Score => {
  const count = (end: Outcome['end']): number =>
    outcomes.filter((outcome) => outcome.end === end).length
  return { passed: count('pass'), failed: count('fail'), skipped: count('skip') }
}

/** What differs between a run and what was expected of it, in words; nothing when all is as it should be. */
export const disagreements = (
  expected: Expectation,
  outcomes: readonly Outcome[],
): readonly string[] => {
  const { passed } = scoreOf(outcomes)
  const failed = outcomes.filter(({ end }) => end === 'fail').map(({ test }) => test)
  const isKnown = (test: string): boolean => Object.hasOwn(expected.fails, test)
  const passes = outcomes.filter(({ end }) => end === 'pass').map(({ test }) => test)
  return [
    ...(passed < expected.passed ? [`${passed} passed, ${expected.passed} should`] : []),
    ...failed.filter((test) => !isKnown(test)).map((test) => `fails: ${test}`),
    // A list that is longer than the truth hides the next failure.
    ...Object.keys(expected.fails)
      .filter((test) => !failed.includes(test))
      .map((test) => `is expected to fail and does not: ${test}`),
    ...passes
      .filter((test, index) => passes.indexOf(test) !== index)
      .map((test) => `passes twice: ${test}`),
  ]
}
