import type { Measurement } from './measurement.ts'
import { median } from './median.ts'
import { table } from './table.ts'

/** One of several that are compared with each other, and not with hello. */
export interface Side {
  readonly name: string
  readonly once: (seconds: number) => Promise<Measurement>
}

export interface AlternateRequest {
  readonly sides: readonly Side[]
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
}

/** Measurements by side, in the order of rounds. */
export type Alternated = ReadonlyMap<string, readonly Measurement[]>

/** All sides in every round, there and back again: what drifts with time falls on all of them alike. */
export async function alternate(request: AlternateRequest): Promise<Alternated> {
  const { sides, rounds, seconds, warmUpSeconds } = request
  for (const { once } of sides) await once(warmUpSeconds)
  const found = new Map<string, Measurement[]>(sides.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, once } of round % 2 === 0 ? sides : sides.toReversed()) {
      found.get(name)?.push(await once(seconds))
    }
  }
  return found
}

/** What one side has against another, round by round. */
export function ratios(
  found: Alternated,
  name: string,
  against: string,
  of: (one: Measurement) => number,
): readonly number[] {
  const others = found.get(against) ?? []
  return (found.get(name) ?? []).map((one, round) => {
    const other = others[round]
    return other === undefined ? Number.NaN : of(one) / of(other)
  })
}

export function medianRatio(...request: Parameters<typeof ratios>): number {
  return median(ratios(...request))
}

export const cpu = ({ cpuMicrosPerRequest }: Measurement): number => cpuMicrosPerRequest

/** Medians of each. */
export function measurementTable(
  title: string,
  rows: readonly (readonly [name: string, measured: Measurement])[],
): string {
  return table(
    [title, 'requests/s', 'p50 ms', 'p99 ms', 'CPU us/request'],
    rows.map(([name, one]) => [
      name,
      one.requestsPerSecond.toFixed(0),
      one.p50Ms.toFixed(2),
      one.p99Ms.toFixed(2),
      one.cpuMicrosPerRequest.toFixed(1),
    ]),
  )
}
