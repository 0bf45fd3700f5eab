import { setTimeout as delay } from 'node:timers/promises'
import { openDatabase } from '../../src/db/database.ts'
import { newJob } from '../../src/domain/rotation/newJob.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Job, JobKind, JobScope } from '../../src/model/job.ts'
import { alternate, measurementTable, ratios } from '../alternate.ts'
import { DATABASES, type DatabaseKind } from '../databases/databaseKind.ts'
import { usualLayout } from '../fixture/layout.ts'
import { preparedFixture } from '../fixture/preparedFixture.ts'
import { callersIn } from '../load/callers.ts'
import { payloads } from '../load/workloads.ts'
import { type Measurement, measure } from '../measurement.ts'
import { median } from '../median.ts'
import { medians } from '../rounds.ts'
import { Gatehouse } from '../target/gatehouse.ts'
import { localTokens } from '../target/localTokens.ts'
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
  const fixture = await preparedFixture(usualLayout(options.rows), tell)
  const callers = await callersIn(fixture, 'usual', await localTokens(fixture))
  const configuration = await configurationOn(bench, kind, fixture)
  const name = `rotation-${kind}`
  const request = { name, folder, fixture, core: serverCore, configuration }
  const served = bench.keep(await Gatehouse.start(request))
  const url =
    configuration['database']?.['connection'] ??
    `sqlite:///${folder}/${name}/state/gatehouse.sqlite`
  const database = await openDatabase({ url: String(url), clock: systemClock() })
  try {
    const { jobs, rotation: repository } = database
    const begin = async (kindOfJob: JobKind, scope: JobScope): Promise<string> => {
      const now = systemClock().now()
      const total = await repository.countRecords(scope)
      const job = newJob({
        id: `bench-${kindOfJob}`,
        kind: kindOfJob,
        scope,
        total,
        rate: null,
        now,
      })
      await jobs.add(job)
      return job.id
    }
    const ended = async (id: string): Promise<Job> => {
      for (;;) {
        const job = await jobs.find(id)
        if (job !== undefined && job.state !== 'running') return job
        await delay(200)
      }
    }
    const before = systemClock().now()
    await ended(await begin('project-keys', { verify: 'none', before }))
    const id = await begin('data-keys', { verify: 'dek' })
    const turn = (state: 'paused' | 'running') => jobs.turn(id, state, systemClock().now())
    await turn('paused')

    const { connections } = options
    const reads = generator.load({ origin: served.origin, requests: payloads(callers) })
    const shape = (seconds: number) => ({ connections, seconds })
    const moved = { records: 0, seconds: 0 }
    const alone = (seconds: number) => measure(served, reads, shape(seconds))
    const beside = async (seconds: number): Promise<Measurement> => {
      const first = await jobs.find(id)
      await turn('running')
      // The server looks for jobs once a second.
      await delay(1_500)
      const measured = await measure(served, reads, shape(seconds))
      await turn('paused')
      const last = await jobs.find(id)
      moved.records += progressOf(last) - progressOf(first)
      moved.seconds += seconds + 1.5
      return measured
    }
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
        `${DATABASES[kind]}, ${options.rows} secrets`,
        [...found].map(([side, all]) => [side, medians(all)]),
      ),
    )
    const present = await jobs.find(id)
    const isOver = present?.place.phase !== 'rewrap' && present?.place.phase !== 'verify'
    tell(`${Math.round(moved.records / moved.seconds)} records a second under this load.`)
    if (isOver) tell('The job was over before the measurement: take more --rows.')
    const sinceMs = performance.now()
    const left = progressOf(present)
    await turn('running')
    const end = await ended(id)
    const seconds = (performance.now() - sinceMs) / 1000
    tell(
      `${Math.round((progressOf(end) - left) / seconds)} a second without load; ` +
        `${end.state}: ${end.done} moved, ${end.verified} opened, ${end.failed} failed, ` +
        `${end.keysDestroyed} old keys destroyed.\n`,
    )
    if (end.state !== 'done')
      throw new Error(`The rotation on ${DATABASES[kind]} ended ${end.state}.`)
    const ratio = median(ratios(found, DURING, BEFORE, ({ p99Ms }) => p99Ms))
    return atMost(`p99 of reads beside rotation, ${DATABASES[kind]}`, ratio, FACTOR, ' x alone')
  } finally {
    await database.close()
    await bench.closeAll()
  }
}

function progressOf(job: Job | undefined): number {
  return job === undefined ? 0 : job.done + job.verified
}
