import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CASES, SERVERS } from '../cases.ts'
import { type Spent, spentIn } from '../cpuProfile.ts'
import { usualLayout } from '../fixture/layout.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import { callersIn } from '../load/callers.ts'
import { measure } from '../measurement.ts'
import { table } from '../table.ts'
import { Gatehouse } from '../target/gatehouse.ts'
import { localTokens } from '../target/localTokens.ts'
import type { Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const SECONDS = 10
const PLACES_SHOWN = 45

/**
 * `--profile CASE`: where the microseconds of one request go, by room and by function. Samples of V8's
 * profiler, laid over the CPU per request that was measured without it.
 */
export async function profile(bench: Bench): Promise<readonly Verdict[]> {
  const { options, generator, folder, serverCore, tell } = bench
  if (options.profiled === undefined) return []
  const wanted = CASES.find(({ name }) => name === options.profiled)
  if (wanted === undefined || SERVERS[wanted.server].auth !== 'token') {
    const names = CASES.filter(({ server }) => SERVERS[server].auth === 'token')
    throw new Error(`--profile takes one of: ${names.map(({ name }) => name).join(', ')}.`)
  }
  const fixture = await preparedFixture(usualLayout(options.rows), tell)
  const issue = await localTokens(fixture)
  const callers = await callersIn(fixture, wanted.callers, issue)

  const run = async (name: string, nodeArgs: readonly string[]): Promise<number> => {
    const { configuration } = SERVERS[wanted.server]
    const core = serverCore
    const request = { name, folder, fixture, core, configuration, nodeArgs }
    const gatehouse = await Gatehouse.start(request)
    const { origin } = gatehouse
    const job = generator.load({ origin, ...(await wanted.work(callers, origin)) })
    const { connections } = options
    const warm = await measure(gatehouse, job, { connections, seconds: SECONDS / 2 })
    const { cpuMicrosPerRequest } = await measure(gatehouse, job, { connections, seconds: SECONDS })
    await gatehouse.stop()
    return Math.min(cpuMicrosPerRequest, warm.cpuMicrosPerRequest)
  }
  const plain = await run('unprofiled', [])
  const profiles = join(folder, 'profiles')
  await run('profiled', ['--cpu-prof', `--cpu-prof-dir=${profiles}`])

  // The main thread's is the one with the most samples; others are of the writer.
  const spent = readdirSync(profiles)
    .map((file) => spentIn(readFileSync(join(profiles, file), 'utf8'), ROOT, SECONDS))
    .toSorted((a, b) => total(b) - total(a))
    .at(0)
  if (spent === undefined) throw new Error('the server left no profile')
  const perRequest = plain / total(spent)
  tell(`${wanted.title}: ${plain.toFixed(1)} us of CPU for each request, by room:`)
  const rooms = new Map<string, number>()
  for (const { room, micros } of spent) rooms.set(room, (rooms.get(room) ?? 0) + micros)
  const inOrder = [...rooms].toSorted(([, a], [, b]) => b - a)
  tell(
    table(
      ['room', 'us', '%'],
      inOrder.map(([room, micros]) => row(room, micros)),
    ),
  )
  tell(
    table(
      ['function', 'us', '%'],
      spent
        .slice(0, PLACES_SHOWN)
        .map(({ room, place, micros }) => row(`${room}: ${place}`, micros)),
    ),
  )
  return []

  function row(name: string, micros: number): readonly string[] {
    const share = (100 * micros) / total(spent ?? [])
    return [name, (micros * perRequest).toFixed(1), share.toFixed(1)]
  }
}

function total(spent: readonly Spent[]): number {
  return spent.reduce((sum, { micros }) => sum + micros, 0)
}
