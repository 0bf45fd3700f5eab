import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Alternated, alternate, cpu, measurementTable, ratios } from '../alternate.ts'
import { type BenchCase, CASES, SERVERS } from '../cases.ts'
import type { Fixture } from '../fixture/fixture.ts'
import { usualLayout } from '../fixture/layout.ts'
import * as ownFixture from '../fixture/preparedFixture.ts'
import { callersIn } from '../load/callers.ts'
import { type Measurement, measure } from '../measurement.ts'
import { median } from '../median.ts'
import { medians } from '../rounds.ts'
import { table } from '../table.ts'
import { Gatehouse } from '../target/gatehouse.ts'
import * as ownTokens from '../target/localTokens.ts'
import { atMost, type Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

/** In this order: what writes comes last, since it makes the databases grow. */
const HOT = ['payload', 'metadata', 'root', 'list-10', 'post']
const MOST = 1.05
const OWN = 'this checkout'
/** Two processes of the same code may differ for as long as they run: one pair of them proves little. */
const STARTS = 3

/** What of a checkout must be its own: it fills databases, and issues tokens, that its server understands. */
interface Checkout {
  readonly root: string | undefined
  readonly preparedFixture: typeof ownFixture.preparedFixture
  readonly localTokens: typeof ownTokens.localTokens
}

interface Contestant {
  readonly name: string
  readonly root: string | undefined
  readonly fixture: Fixture
  readonly issue: (project: number) => Promise<string>
}

/**
 * `--against FOLDER`: the hot paths of this checkout and of another one, stretch by stretch in turns.
 * Judged by CPU, which a busy neighbour moves least.
 */
export async function against(bench: Bench): Promise<readonly Verdict[]> {
  const { options, tell } = bench
  if (options.against === undefined) return []
  const root = resolve(options.against)
  const other = basename(root)
  const checkouts = [
    [other, await checkoutIn(root)],
    [OWN, { root: undefined, ...ownFixture, ...ownTokens }],
  ] as const
  const contestants: Contestant[] = []
  for (const [name, { root, preparedFixture, localTokens }] of checkouts) {
    const fixture = await preparedFixture(usualLayout(options.rows), tell)
    contestants.push({ name, root, fixture, issue: await localTokens(fixture) })
  }

  const rows: string[][] = []
  const verdicts: Verdict[] = []
  for (const wanted of HOT) {
    const one = CASES.find(({ name }) => name === wanted)
    if (one === undefined) throw new Error(`no case ${wanted}`)
    const found = await inTurns(bench, one, contestants)
    tell(
      measurementTable(
        one.title,
        [...found].map(([name, all]) => [name, medians(all)]),
      ),
    )
    const of = (what: (one: Measurement) => number) => ratios(found, OWN, other, what)
    const spent = of(cpu)
    rows.push([
      one.title,
      median(spent).toFixed(3),
      `${Math.min(...spent).toFixed(3)} to ${Math.max(...spent).toFixed(3)}`,
      median(of(({ requestsPerSecond }) => requestsPerSecond)).toFixed(3),
      median(of(({ p99Ms }) => p99Ms)).toFixed(3),
    ])
    verdicts.push(atMost(`CPU of ${one.title}`, median(spent), MOST, ` x ${other}`))
  }
  tell(
    table([`this against ${other}`, 'CPU', 'least to most of rounds', 'requests/s', 'p99'], rows),
  )
  return verdicts
}

/** All rounds of one case, spread over several starts of both servers. */
async function inTurns(
  { options, generator, folder, serverCore }: Bench,
  one: BenchCase,
  contestants: readonly Contestant[],
): Promise<Alternated> {
  const { connections, seconds } = options
  const starts = Math.min(STARTS, options.rounds)
  const rounds = Math.ceil(options.rounds / starts)
  const all = new Map<string, Measurement[]>(contestants.map(({ name }) => [name, []]))
  for (let start = 0; start < starts; start += 1) {
    const running: Gatehouse[] = []
    try {
      const sides = []
      for (const { name, root, fixture, issue } of contestants) {
        const served = await Gatehouse.start({
          name: `${one.name}-${root === undefined ? 'own' : 'other'}`,
          folder,
          fixture,
          core: serverCore,
          configuration: SERVERS[one.server].configuration,
          ...(root === undefined ? {} : { checkout: root }),
        })
        running.push(served)
        const { origin } = served
        const work = await one.work(await callersIn(fixture, one.callers, issue), origin)
        const job = generator.load({ origin, ...work })
        const once = (seconds: number) => measure(served, job, { connections, seconds })
        sides.push({ name, once })
      }
      const ordered = start % 2 === 0 ? sides : sides.toReversed()
      const found = await alternate({ sides: ordered, rounds, seconds, warmUpSeconds: 6 })
      for (const [name, measured] of found) all.get(name)?.push(...measured)
    } finally {
      for (const served of running) await served.remove()
    }
  }
  return all
}

async function checkoutIn(root: string): Promise<Checkout> {
  const load = async (path: string): Promise<object> => {
    try {
      return (await import(pathToFileURL(join(root, path)).href)) as object
    } catch (cause) {
      throw new Error(`--against wants a checkout with its bench and node_modules: ${root}`, {
        cause,
      })
    }
  }
  const fixture = (await load('bench/fixture/preparedFixture.ts')) as typeof ownFixture
  const tokens = (await load('bench/target/localTokens.ts')) as typeof ownTokens
  return { root, preparedFixture: fixture.preparedFixture, localTokens: tokens.localTokens }
}
