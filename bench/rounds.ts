import type { LoadedJob } from './load/loadGenerator.ts'
import type { LoadShape } from './load/loadJob.ts'
import { type Measurement, measure } from './measurement.ts'
import { median } from './median.ts'
import type { Served } from './target/served.ts'

export interface Contender {
  readonly name: string
  readonly served: Served
  readonly job: LoadedJob
}

/** Medians over the rounds. The ratios are medians of paired rounds, which noise of minutes does not reach. */
export interface Outcome extends Measurement {
  /** CPU per request, against hello just before and just after. */
  readonly cpuOfHello: number
}

export interface RoundsRequest {
  readonly hello: Contender
  readonly contenders: readonly Contender[]
  readonly rounds: number
  readonly shape: LoadShape
  readonly onRound: (round: number) => void
}

/** Long enough for the compiler to have seen what is hot, and for every token to have been checked. */
const WARM_UP_SECONDS = 8

/** Every round measures each contender between two stretches of hello. */
export async function runRounds(request: RoundsRequest): Promise<ReadonlyMap<string, Outcome>> {
  const { hello, contenders, rounds, shape, onRound } = request
  const once = ({ served, job }: Contender) => measure(served, job, shape)
  for (const { served, job } of [hello, ...contenders]) {
    await measure(served, job, { ...shape, seconds: WARM_UP_SECONDS })
  }
  const ratios = new Map<string, number[]>()
  const found = new Map<string, Measurement[]>()
  const keep = <T>(into: Map<string, T[]>, name: string, value: T): void => {
    into.set(name, [...(into.get(name) ?? []), value])
  }
  for (let round = 1; round <= rounds; round += 1) {
    let before = await once(hello)
    for (const contender of contenders) {
      const measured = await once(contender)
      const after = await once(hello)
      const ofHello = (before.cpuMicrosPerRequest + after.cpuMicrosPerRequest) / 2
      keep(ratios, contender.name, measured.cpuMicrosPerRequest / ofHello)
      keep(found, contender.name, measured)
      keep(found, hello.name, after)
      before = after
    }
    onRound(round)
  }
  return new Map(
    [...found].map(([name, all]) => [
      name,
      { ...medians(all), cpuOfHello: name === hello.name ? 1 : median(ratios.get(name) ?? []) },
    ]),
  )
}

export function medians(all: readonly Measurement[]): Measurement {
  return {
    requestsPerSecond: median(all.map((one) => one.requestsPerSecond)),
    p50Ms: median(all.map((one) => one.p50Ms)),
    p99Ms: median(all.map((one) => one.p99Ms)),
    cpuMicrosPerRequest: median(all.map((one) => one.cpuMicrosPerRequest)),
    requestsEach: median(all.map((one) => one.requestsEach)),
  }
}
