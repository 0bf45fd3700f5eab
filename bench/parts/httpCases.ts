import { type BenchCase, CASES, SERVERS, type ServerName } from '../cases.ts'
import { usualLayout } from '../fixture/layout.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import { callersIn } from '../load/callers.ts'
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

const MOST_MEMORY_MB = 150

/** Every case against hello, on servers that differ in what the case is about. */
export async function httpCases(bench: Bench): Promise<readonly Verdict[]> {
  const cases = CASES.filter(({ name, group }) => bench.isWanted(name, group))
  if (cases.length === 0) return []
  const { options, generator, folder, serverCore, tell } = bench
  const fixture = await preparedFixture(usualLayout(options.rows), tell)
  const keystone = bench.keep(await startKeystone(folder, bench.loadCore))
  const issue = { token: await localTokens(fixture), keystone: keystone.issue }

  const callersOf = new Map<string, Callers>()
  const callers = async ({ server, callers: who }: BenchCase): Promise<Callers> => {
    const { auth } = SERVERS[server]
    const key = `${auth} ${who}`
    const known = callersOf.get(key)
    if (known !== undefined) return known
    const made = await callersIn(fixture, who, issue[auth])
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
    const { origin } = served
    const work = await one.work(await callers(one), origin)
    const job = generator.load({ origin, ...work })
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
  tell(wholes(cases, outcomes))
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

/** What the whole costs, where it is many requests. */
function wholes(cases: readonly BenchCase[], outcomes: ReadonlyMap<string, Outcome>): string {
  const rows = cases.flatMap(({ name, title, requestsEach }) => {
    const outcome = outcomes.get(name)
    const each = requestsEach ?? outcome?.requestsEach ?? 1
    if (outcome === undefined || each === 1) return []
    const { cpuMicrosPerRequest, cpuOfHello, requestsPerSecond } = outcome
    return [
      [
        title,
        each.toFixed(each % 1 === 0 ? 0 : 2),
        (requestsPerSecond / each).toFixed(0),
        (each * cpuMicrosPerRequest).toFixed(0),
        (each * cpuOfHello).toFixed(1),
      ],
    ]
  })
  if (rows.length === 0) return ''
  return table(['one of them whole', 'requests', 'a second', 'CPU us', 'of hello'], rows)
}
