import { openTables } from '../../src/db/backup/openTables.ts'
import { countRows } from '../../src/db/backup/tableReader.ts'
import { upgradeSchema } from '../../src/db/schema.ts'
import { type BenchCase, CASES } from '../cases.ts'
import { benchDatabase, passingName } from '../databases/benchDatabase.ts'
import { DATABASES, type DatabaseKind } from '../databases/databaseKind.ts'
import type { Fixture } from '../fixture/fixture.ts'
import { usualLayout } from '../fixture/layout.ts'
import { moveFixture } from '../fixture/movedFixture.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import { callersIn } from '../load/callers.ts'
import { type Contender, type Outcome, runRounds } from '../rounds.ts'
import { table } from '../table.ts'
import { type Configuration, Gatehouse } from '../target/gatehouse.ts'
import { startHello } from '../target/hello.ts'
import { localTokens } from '../target/localTokens.ts'
import type { Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

/** What a database makes dearer or cheaper; what writes comes last, since it makes the databases grow. */
const ON_EACH = ['payload', 'metadata', 'list-10', 'list-100', 'post', 'key-order']

/** `--database A,B`: the same cases on the same secrets in each of them, a column for each. */
export async function databaseCases(bench: Bench): Promise<readonly Verdict[]> {
  const { options, generator, folder, serverCore, tell } = bench
  const cases = CASES.filter(
    ({ name, group }) => ON_EACH.includes(name) && bench.isWanted(name, group),
  )
  if (cases.length === 0) return []
  const fixture = await preparedFixture(usualLayout(options.rows), tell)
  const issue = await localTokens(fixture)
  const servers: [DatabaseKind, Gatehouse][] = []
  for (const kind of options.databases) {
    const configuration = await configurationOn(bench, kind, fixture)
    const request = { name: kind, folder, fixture, core: serverCore, configuration }
    servers.push([kind, bench.keep(await Gatehouse.start(request))])
  }
  const contenders: Contender[] = []
  for (const one of cases) {
    const callers = await callersIn(fixture, one.callers, issue)
    for (const [kind, served] of servers) {
      const { origin } = served
      const job = generator.load({ origin, ...(await one.work(callers, origin)) })
      contenders.push({ name: nameOf(one, kind), served, job })
    }
  }
  const hello = bench.keep(await startHello(folder, serverCore))
  tell(`${options.rounds} rounds of ${cases.length} cases on each, each between two of hello:`)
  const outcomes = await runRounds({
    hello: {
      name: 'hello',
      served: hello,
      job: generator.load({
        origin: hello.origin,
        requests: [{ method: 'GET', path: '/', headers: {} }],
      }),
    },
    contenders,
    rounds: options.rounds,
    shape: options,
    onRound: (round) => tell(`  round ${round} done`),
  })
  tell(tableOf(cases, options.databases, outcomes))
  await bench.closeAll()
  return []
}

/**
 * With the secrets of the fixture in a database of its own, that goes with the run unless it is wanted longer.
 * @param keptAs under which name the next run finds one that is kept; undefined: it does not
 */
export async function configurationOn(
  bench: Bench,
  kind: DatabaseKind,
  fixture: Fixture,
  keptAs?: string,
): Promise<Configuration> {
  if (kind === 'sqlite') return {}
  const isKept = bench.options.isKept && keptAs !== undefined
  const name = isKept ? `${keptAs}_${fixture.deploymentId.replaceAll('-', '')}` : passingName()
  const { url, drop } = await benchDatabase(kind, name)
  bench.keep({
    stop: async () => {
      if (bench.options.isKept) bench.tell(`kept: ${url}`)
      else await drop()
    },
  })
  if (!isKept || !(await isFilled(url, fixture.layout.rows))) await moveFixture(fixture, url)
  return { database: { connection: url } }
}

/** By a run before. Moved in one transaction: there is no half. */
async function isFilled(url: string, rows: number): Promise<boolean> {
  await upgradeSchema(url)
  const connection = await openTables(url, 'write')
  try {
    return (await countRows(connection, [{ name: 'secrets' }])) === rows
  } finally {
    await connection.close()
  }
}

const FIGURES: readonly (readonly [title: string, of: (one: Outcome) => string])[] = [
  ['requests/s', (one) => one.requestsPerSecond.toFixed(0)],
  ['p50 / p99 ms', (one) => `${one.p50Ms.toFixed(1)} / ${one.p99Ms.toFixed(1)}`],
  ['CPU us/request', (one) => one.cpuMicrosPerRequest.toFixed(0)],
  ['CPU of hello', (one) => one.cpuOfHello.toFixed(1)],
]

function tableOf(
  cases: readonly BenchCase[],
  kinds: readonly DatabaseKind[],
  outcomes: ReadonlyMap<string, Outcome>,
): string {
  const rows = cases.flatMap((one) =>
    FIGURES.map(([figure, of], index) => [
      index === 0 ? one.title : '',
      figure,
      ...kinds.map((kind) => {
        const outcome = outcomes.get(nameOf(one, kind))
        return outcome === undefined ? '' : of(outcome)
      }),
    ]),
  )
  return table(['', '', ...kinds.map((kind) => DATABASES[kind])], rows)
}

function nameOf({ name }: BenchCase, kind: DatabaseKind): string {
  return `${name} on ${kind}`
}
