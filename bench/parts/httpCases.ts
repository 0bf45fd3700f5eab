import { type BenchCase, CASES, SERVERS, type ServerName } from '../cases.ts'
import { projectsIn, usualLayout } from '../fixture/layout.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import type { Callers } from '../load/workloads.ts'
import { type Outcome, runRounds } from '../rounds.ts'
import { table } from '../table.ts'
import { Gatehouse } from '../target/gatehouse.ts'
import { startHello } from '../target/hello.ts'
import { startKeystone } from '../target/keystone.ts'
import { localTokens } from '../target/localTokens.ts'
import { ownMemoryMb } from '../target/processCost.ts'
import { atMost, type Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

/** Projects that call: a thousand of the usual ones, or those of a hundred secrets each. */
const USUAL_CALLERS = 1_000
const MOST_MEMORY_MB = 150

/** Every case against hello, on servers that differ in what the case is about. */
export async function httpCases(bench: Bench): Promise<readonly Verdict[]> {
  const cases = CASES.filter(({ name }) => bench.isWanted(name))
  if (cases.length === 0) return []
  const { options, generator, folder, serverCore, tell } = bench
  const fixture = await preparedFixture(usualLayout(options.rows), tell)
  const keystone = bench.keep(await startKeystone(folder, bench.loadCore))
  const issue = { token: await localTokens(fixture), keystone: keystone.issue }

  const { largeProjects } = fixture.layout
  const usual = evenly(largeProjects, projectsIn(fixture.layout), USUAL_CALLERS)
  const large = evenly(0, largeProjects, largeProjects)
  const callersOf = new Map<string, Callers>()
  const callers = async ({ server, callers: who }: BenchCase): Promise<Callers> => {
    const { auth } = SERVERS[server]
    const key = `${auth} ${who}`
    const known = callersOf.get(key)
    if (known !== undefined) return known
    const tokens = new Map<number, string>()
    for (const project of who === 'usual' ? usual : large) {
      tokens.set(project, await issue[auth](project))
    }
    const made = { fixture, tokens }
    callersOf.set(key, made)
    return made
  }

  const servers = new Map<ServerName, Gatehouse>()
  for (const name of new Set(cases.map(({ server }) => server))) {
    const { auth, configuration } = SERVERS[name]
    const gatehouse = await Gatehouse.start({
      name: name.replaceAll(' ', '-'),
      folder,
      fixture,
      core: serverCore,
      configuration: { ...configuration, ...(auth === 'keystone' ? keystone.configuration : {}) },
    })
    servers.set(name, bench.keep(gatehouse))
  }

  const hello = bench.keep(await startHello(folder, serverCore))
  const contenders = []
  for (const one of cases) {
    const served = servers.get(one.server)
    if (served === undefined) throw new Error(`no server ${one.server}`)
    const requests = one.requests(await callers(one))
    const job = generator.load({ origin: served.origin, requests })
    contenders.push({ name: one.name, served, job })
  }
  tell(`${options.rounds} rounds of ${cases.length} cases, each between two of hello:`)
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
  tell(tableOf(cases, outcomes))

  const memory = [...servers].map(([name, { pid }]) => ({ name, mb: ownMemoryMb(pid) }))
  tell(`Memory after the run, mapped files not counted:`)
  for (const { name, mb } of memory) tell(`  ${name}: ${mb.toFixed(0)} MB`)
  tell(perFetch(cases, outcomes))
  await bench.closeAll()
  return [
    ...cases.flatMap((one) => verdictsOn(one, outcomes)),
    atMost('memory after the run', Math.max(...memory.map(({ mb }) => mb)), MOST_MEMORY_MB, ' MB'),
  ]
}

function tableOf(cases: readonly BenchCase[], outcomes: ReadonlyMap<string, Outcome>): string {
  const titles = new Map(cases.map(({ name, title }) => [name, title]))
  const helloLast = [...outcomes].toSorted(([a]) => (a === 'hello' ? -1 : 0))
  return table(
    ['', 'requests/s', 'p50 ms', 'p99 ms', 'CPU us/request', 'of hello'],
    helloLast.map(([name, one]) => [
      titles.get(name) ?? 'bare node:http hello',
      one.requestsPerSecond.toFixed(0),
      one.p50Ms.toFixed(2),
      one.p99Ms.toFixed(2),
      one.cpuMicrosPerRequest.toFixed(1),
      one.cpuOfHello.toFixed(2),
    ]),
  )
}

function verdictsOn(one: BenchCase, outcomes: ReadonlyMap<string, Outcome>): readonly Verdict[] {
  const ratio = outcomes.get(one.name)?.cpuOfHello ?? Number.NaN
  const what = `CPU of ${one.title}`
  if (one.bar !== undefined) return [atMost(what, ratio, one.bar, ' x hello')]
  if (one.goal === undefined) return []
  return [{ ...atMost(what, ratio, one.goal, ' x hello'), isGoal: true }]
}

/** What one fetch costs, where a fetch is many requests. */
function perFetch(cases: readonly BenchCase[], outcomes: ReadonlyMap<string, Outcome>): string {
  const costs = cases.flatMap(({ name, requestsEach }) => {
    const outcome = outcomes.get(name)
    if (requestsEach === undefined || outcome === undefined) return []
    return [{ name, micros: requestsEach * outcome.cpuMicrosPerRequest }]
  })
  const [nameless, named] = costs
  if (nameless === undefined || named === undefined) return ''
  return (
    `One castellan fetch: ${nameless.micros.toFixed(0)} us of CPU in 15 requests, or ${named.micros.toFixed(0)} us ` +
    `in 2 with nameless_secrets = id: ${(nameless.micros / named.micros).toFixed(1)} times less.\n`
  )
}

/** So many numbers from `from` to below `to`, spread over all of them. */
function evenly(from: number, to: number, most: number): readonly number[] {
  const count = Math.min(most, to - from)
  return Array.from({ length: count }, (_, n) => from + Math.floor((n * (to - from)) / count))
}
