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
import { cpuMicrosByThread } from '../target/processCost.ts'
import type { Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const SECONDS = 10
const PLACES_SHOWN = 45
const LEAST_SHOWN_MICROS = 0.5
/** By their names, the numbers that Node gives them: the writer is the first that is started. */
const PROFILED = { main: '0', 'database writer': '1' }

interface Cost {
  readonly micros: number
  readonly byThread: ReadonlyMap<string, number>
}

/**
 * `--profile CASE`: where the microseconds of one request go, by thread, room and function. Samples of
 * V8's profiler, laid over the CPU per request that each thread took without it. They count a thread that waits in a
 * call as busy: of the writer, what stands under `execute` is fsync for the most part.
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

  const run = async (name: string, nodeArgs: readonly string[]): Promise<Cost> => {
    const { configuration } = SERVERS[wanted.server]
    const core = serverCore
    const request = { name, folder, fixture, core, configuration, nodeArgs }
    const gatehouse = await Gatehouse.start(request)
    const { origin, pid } = gatehouse
    const job = generator.load({ origin, ...(await wanted.work(callers, origin)) })
    const { connections } = options
    await measure(gatehouse, job, { connections, seconds: SECONDS / 2 })
    const before = cpuMicrosByThread(pid)
    const { cpuMicrosPerRequest } = await measure(gatehouse, job, { connections, seconds: SECONDS })
    const byThread = [...cpuMicrosByThread(pid)].map(
      ([thread, spent]) => [thread, spent - (before.get(thread) ?? 0)] as const,
    )
    await gatehouse.stop()
    const all = byThread.reduce((sum, [, spent]) => sum + spent, 0)
    const shares = byThread.map(
      ([thread, spent]) => [thread, (cpuMicrosPerRequest * spent) / all] as const,
    )
    return { micros: cpuMicrosPerRequest, byThread: new Map(shares) }
  }
  const plain = await run('unprofiled', [])
  const profiles = join(folder, 'profiles')
  await run('profiled', ['--cpu-prof', `--cpu-prof-dir=${profiles}`])

  tell(`${wanted.title}: ${plain.micros.toFixed(1)} us of CPU for each request, by thread:`)
  const inTurn = [...plain.byThread].toSorted(([, a], [, b]) => b - a)
  const shown = inTurn.filter(([, micros]) => micros >= LEAST_SHOWN_MICROS)
  tell(
    table(
      ['thread', 'us', '%'],
      shown.map(([thread, micros]) => [
        thread,
        micros.toFixed(1),
        ((100 * micros) / plain.micros).toFixed(1),
      ]),
    ),
  )
  for (const [thread, number] of Object.entries(PROFILED)) {
    const file = readdirSync(profiles).find((name) => name.split('.')[4] === number)
    const micros = plain.byThread.get(thread)
    if (file === undefined || micros === undefined || micros < LEAST_SHOWN_MICROS) continue
    const spent = spentIn(readFileSync(join(profiles, file), 'utf8'), ROOT, SECONDS)
    for (const text of tables(thread, micros, spent)) tell(text)
  }
  return []
}

function tables(thread: string, micros: number, spent: readonly Spent[]): readonly string[] {
  const sampled = spent.reduce((sum, one) => sum + one.micros, 0)
  const row = (name: string, part: number): readonly string[] => {
    const share = part / sampled
    return [name, (micros * share).toFixed(1), (100 * share).toFixed(1)]
  }
  const rooms = new Map<string, number>()
  for (const { room, micros: part } of spent) rooms.set(room, (rooms.get(room) ?? 0) + part)
  const inOrder = [...rooms].toSorted(([, a], [, b]) => b - a)
  const places = spent.slice(0, PLACES_SHOWN)
  return [
    table(
      [`room, in ${thread}`, 'us', '%'],
      inOrder.map(([room, part]) => row(room, part)),
    ),
    table(
      [`function, in ${thread}`, 'us', '%'],
      places.map(({ room, place, micros: part }) => row(`${room}: ${place}`, part)),
    ),
  ]
}
