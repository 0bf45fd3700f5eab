/** One bar, and whether it was reached. */
export interface Verdict {
  readonly what: string
  readonly found: string
  readonly bar: string
  readonly isPassed: boolean
  /** A goal that is missed fails nothing. */
  readonly isGoal?: boolean
}

export function atMost(what: string, found: number, bar: number, unit = ''): Verdict {
  return {
    what,
    found: `${found.toFixed(2)}${unit}`,
    bar: `at most ${bar}${unit}`,
    isPassed: found <= bar,
  }
}

export function atLeast(what: string, found: number, bar: number, unit = ''): Verdict {
  return {
    what,
    found: `${found.toFixed(2)}${unit}`,
    bar: `at least ${bar}${unit}`,
    isPassed: found >= bar,
  }
}
