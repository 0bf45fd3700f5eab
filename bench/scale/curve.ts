import { median } from '../median.ts'

/** How long something takes as rows grow: microseconds of one, by the number of rows. */
export interface Curve {
  readonly what: string
  /** From the smallest to the largest. */
  readonly points: readonly CurvePoint[]
}

export interface CurvePoint {
  readonly rows: number
  /** One list of durations for each round. */
  readonly rounds: readonly (readonly number[])[]
}

export type Shape = 'flat' | 'logarithmic' | 'steeper' | 'linear'

/** What noise alone may do. */
const FLAT = 1.5
/**
 * The logarithm of a million is one and a half times that of ten thousand; twice that, since the pages of
 * a small table are all in the caches of the processor, and those of a large one are not.
 */
const LOGARITHMIC = 3
/** Of the growth of rows, on a logarithmic scale. */
const LINEAR = 0.7

/** @param ratio of the largest to the smallest @param growth of the rows between the two */
export function shapeOf(ratio: number, growth: number): Shape {
  if (ratio <= FLAT) return 'flat'
  if (ratio <= LOGARITHMIC) return 'logarithmic'
  return Math.log(ratio) / Math.log(growth) >= LINEAR ? 'linear' : 'steeper'
}

/** Of the medians, round by round: what drifts with time falls on both of a round alike. */
export function growthOf({ points }: Curve): {
  readonly ratio: number
  readonly shape: Shape
} {
  const [smallest, largest] = [points.at(0), points.at(-1)]
  if (smallest === undefined || largest === undefined) throw new Error('a curve has points')
  const ratios = largest.rounds.map(
    (of, round) => median(of) / median(smallest.rounds[round] ?? []),
  )
  const ratio = median(ratios)
  return { ratio, shape: shapeOf(ratio, largest.rows / smallest.rows) }
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
