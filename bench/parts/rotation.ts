import { alternate, measurementTable, ratios } from '../alternate.ts'
import { DATABASES, type DatabaseKind } from '../databases/databaseKind.ts'
import { evenLayout } from '../fixture/layout.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import { callersIn } from '../load/callers.ts'
import { payloads } from '../load/workloads.ts'
import { type Measurement, measure } from '../measurement.ts'
import { median } from '../median.ts'
import { medians } from '../rounds.ts'
import { Gatehouse } from '../target/gatehouse.ts'
import { localTokens } from '../target/localTokens.ts'
import { MemoryWatch } from '../target/memoryWatch.ts'
import { RotationJobs } from '../target/rotationJobs.ts'
import { atMost, type Verdict } from '../verdict.ts'
import type { Bench } from './bench.ts'
import { configurationOn } from './databaseCases.ts'

const FACTOR = 1.2
const LEAST_SECONDS = 4
const BEFORE = 'reads alone'
const DURING = 'beside rotation'

/**
 * Payload GETs by many, without rotation and beside it: every project is given its next key, then all records move.
 * The job is paused for the stretches that it is compared with, so that both sides see the same server. What is left
 * at the end is worked off without load, and has to end well.
 */
export async function rotation(bench: Bench): Promise<readonly Verdict[]> {
  const { options } = bench
  const kinds = options.areDatabasesNamed ? options.databases : (['sqlite', 'mysql'] as const)
  const verdicts: Verdict[] = []
  for (const kind of kinds) verdicts.push(await rotationOn(bench, kind))
  return verdicts
}

async function rotationOn(bench: Bench, kind: DatabaseKind): Promise<Verdict> {
  const { options, generator, folder, serverCore, tell } = bench
  const { rows, connections } = options
  const fixture = await preparedFixture(evenLayout(rows), tell)
  const callers = await callersIn(fixture, 'usual', await localTokens(fixture))
  const configuration = await configurationOn(bench, kind, fixture, 'rotation')
  const name = `rotation-${kind}`
  const request = { name, folder, fixture, core: serverCore, configuration }
  const served = bench.keep(await Gatehouse.start(request))
  const url =
    configuration['database']?.['connection'] ??
    `sqlite:///${folder}/${name}/state/gatehouse.sqlite`
  const jobs = bench.keep(await RotationJobs.open(String(url)))
  const memory = new MemoryWatch(served.pid)

  const keys = await jobs.run('project-keys', { verify: 'none', before: jobs.now() })
  tell(
    `${DATABASES[kind]}: ${keys.job.done} projects have a next key, ${keys.perSecond.toFixed(0)} a second.`,
  )
  await jobs.begin('data-keys', { verify: 'dek' })
  await jobs.pause()

  const reads = generator.load({ origin: served.origin, requests: payloads(callers) })
  const moved = { records: 0, seconds: 0 }
  const alone = (seconds: number) => measure(served, reads, { connections, seconds })
  const beside = async (seconds: number): Promise<Measurement> => {
    // The server looks for jobs once a second.
    await jobs.resume()
    const first = await jobs.progress()
    const sinceMs = performance.now()
    const measured = await alone(seconds)
    moved.seconds += (performance.now() - sinceMs) / 1000
    moved.records += (await jobs.progress()) - first
    await jobs.pause()
    return measured
  }
  const sinceMs = performance.now()
  const found = await alternate({
    sides: [
      { name: BEFORE, once: alone },
      { name: DURING, once: beside },
    ],
    rounds: options.rounds,
    seconds: Math.max(options.seconds, LEAST_SECONDS),
    warmUpSeconds: 4,
  })
  tell(
    measurementTable(
      `${DATABASES[kind]}, ${rows} secrets`,
      [...found].map(([side, all]) => [side, medians(all)]),
    ),
  )
  const ofP99 = ratios(found, DURING, BEFORE, ({ p99Ms }) => p99Ms)
  tell(
    `p99 beside rotation against alone, by round: ${ofP99.map((it) => it.toFixed(2)).join(', ')}`,
  )
  const rate = moved.records / moved.seconds
  tell(`${Math.round(rate)} records a second under this load: ${allAt(rate, rows)}.`)
  if (await jobs.isWalkOver()) tell('The job was over before the measurement: take more --rows.')

  const left = await jobs.progress()
  const restMs = performance.now()
  await jobs.resume()
  const end = await jobs.ended(options.workOffMinutes * 60_000)
  const seconds = (performance.now() - restMs) / 1000
  const restRate = ((await jobs.progress()) - left) / seconds
  tell(`${Math.round(restRate)} a second without load: ${allAt(restRate, rows)}.`)
  tell(`${memory.told()} (own memory of the server, from the first key to the last record)`)
  memory.stop()
  if (end === undefined) {
    tell(`Given up after ${options.workOffMinutes} minutes: --work-off-minutes waits longer.\n`)
    await jobs.cancel()
  } else {
    const minutesInAll = ((performance.now() - sinceMs) / 60_000).toFixed(1)
    tell(
      `${end.state}, ${minutesInAll} minutes in all, rounds included: ${end.done} moved, ${end.verified} opened, ` +
        `${end.failed} failed, ${end.keysDestroyed} old keys destroyed.\n`,
    )
    if (end.state !== 'done') {
      throw new Error(`The rotation on ${DATABASES[kind]} ended ${end.state}.`)
    }
  }
  await bench.closeAll()
  return atMost(
    `p99 of reads beside rotation, ${DATABASES[kind]}`,
    median(ofP99),
    FACTOR,
    ' x alone',
  )
}

/** Each record is moved once, and opened once. */
function allAt(perSecond: number, rows: number): string {
  return `all of them in ${((2 * rows) / perSecond / 60).toFixed(1)} minutes`
}
