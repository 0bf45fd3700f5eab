import type { Fixture } from '../fixture/fixture.ts'
import { evenLayout, projectsIn } from '../fixture/layout.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import { lists } from '../load/workloads.ts'
import { type Measurement, measure } from '../measurement.ts'
import { median } from '../median.ts'
import { medians } from '../rounds.ts'
import { table } from '../table.ts'
import { Gatehouse } from '../target/gatehouse.ts'
import { localTokens } from '../target/localTokens.ts'
import { atMost, type Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

const SMALL_ROWS = 10_000
const FACTOR = 2
/** Projects that list, of both sides; each at every page of ten. */
const CALLERS = 2_000
/** Few, so that what is measured is the page and not the queue before it. */
const CONNECTIONS = 4

/** Pages of ten out of projects of a hundred, where there are few of those and where there are very many. */
export async function listScale(bench: Bench): Promise<readonly Verdict[]> {
  const { options, generator, folder, serverCore, tell } = bench
  const sides = []
  for (const rows of [SMALL_ROWS, options.listRows]) {
    const fixture = await preparedFixture(evenLayout(rows), tell)
    const served = bench.keep(
      await Gatehouse.start({ name: `list-${rows}`, folder, fixture, core: serverCore }),
    )
    const requests = lists({ fixture, tokens: await tokensOf(fixture) }, 10)
    const job = generator.load({ origin: served.origin, requests })
    await measure(served, job, { connections: CONNECTIONS, seconds: 6 })
    sides.push({ rows, served, job, found: [] as Measurement[] })
  }
  tell(`${options.rounds} rounds of pages of ten, ${CONNECTIONS} connections:`)
  const ratios: number[] = []
  for (let round = 0; round < options.rounds; round += 1) {
    for (const { served, job, found } of sides) {
      const shape = { connections: CONNECTIONS, seconds: options.seconds }
      found.push(await measure(served, job, shape))
    }
    const [small, large] = sides.map(({ found }) => found.at(-1)?.p99Ms ?? Number.NaN)
    ratios.push((large ?? Number.NaN) / (small ?? Number.NaN))
  }
  tell(
    table(
      ['pages of ten', 'projects', 'requests/s', 'p50 ms', 'p99 ms', 'CPU us/request'],
      sides.map(({ rows, found }) => {
        const one = medians(found)
        return [
          `${rows} rows`,
          String(projectsIn(evenLayout(rows))),
          one.requestsPerSecond.toFixed(0),
          one.p50Ms.toFixed(2),
          one.p99Ms.toFixed(2),
          one.cpuMicrosPerRequest.toFixed(1),
        ]
      }),
    ),
  )
  await bench.closeAll()
  const what = `p99 of a list page at ${options.listRows} rows, against ${SMALL_ROWS}`
  return [atMost(what, median(ratios), FACTOR, ' x')]
}

async function tokensOf(fixture: Fixture): Promise<ReadonlyMap<number, string>> {
  const issue = await localTokens(fixture)
  const projects = projectsIn(fixture.layout)
  const callers = Math.min(CALLERS, projects)
  const tokens = new Map<number, string>()
  for (let n = 0; n < callers; n += 1) {
    const project = Math.floor((n * projects) / callers)
    tokens.set(project, await issue(project))
  }
  return tokens
}
