import { randomUUID } from 'node:crypto'
import { jobWorkerOver } from '../compose/jobs.ts'
import { maskUrl } from '../config/maskUrl.ts'
import type { Settings } from '../config/settingsTable.ts'
import { EnvelopeRewrapper } from '../crypto/envelopeRewrapper.ts'
import { RowIntegrity } from '../crypto/integrity.ts'
import { EnvelopeSealer } from '../crypto/sealer.ts'
import { type Database, openDatabase } from '../db/database.ts'
import { schemaStatus } from '../db/schema.ts'
import type { ProcessMarks } from '../domain/ports/orderRepositories.ts'
import { newJob } from '../domain/rotation/newJob.ts'
import { systemClock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { waitFor } from '../lib/waitFor.ts'
import type { Job } from '../model/job.ts'
import { ProcProcessMarks } from '../ops/processMarks.ts'
import { databaseOfSettings } from './databaseOfSettings.ts'
import { refuseUnfitSchema } from './dbVerbs.ts'
import { EXIT_CODES, refusingWith } from './exitCodes.ts'
import { JobProgress, percentOf } from './jobProgress.ts'
import { jobReport, type Report } from './jobReport.ts'
import { openKeyring } from './openKeyring.ts'
import type { Surroundings } from './surroundings.ts'

/** What every verb that begins a job may be told. */
export interface JobOptions {
  readonly rate?: number
  readonly detach?: boolean
}

const LOOK_EVERY_MS = 250
/** A server that reports but does not work on jobs is not waited for longer than this. */
const PATIENCE_MS = 20_000
const LIST_LIMIT = 50

/** `gatehouse jobs list` */
export async function jobsList(settings: Settings): Promise<Report> {
  return withDatabase(settings, async ({ jobs }) => {
    const found = await jobs.list(LIST_LIMIT)
    if (found.length === 0) return { text: 'There are no jobs.', reason: 'done' }
    const lines = found.map((job) =>
      [
        job.id,
        job.state.padEnd(9),
        `${percentOf(job)} %`.padStart(5),
        String(job.failed).padStart(6),
        job.kind.padEnd(12),
        job.createdAt.slice(0, 19),
      ].join('  '),
    )
    return { text: lines.join('\n'), reason: 'done' }
  })
}

/** `gatehouse jobs show`: exit code 0 while it runs as well, for who only asks. */
export async function jobsShow(settings: Settings, id: string): Promise<Report> {
  return withDatabase(settings, async ({ jobs }) => {
    const report = await jobReport(jobs, await jobOf({ jobs }, id))
    return { ...report, reason: report.reason === 'unfinished' ? 'done' : report.reason }
  })
}

/** `gatehouse jobs pause | resume | cancel` */
export async function jobsTurn(
  settings: Settings,
  id: string,
  state: 'paused' | 'running' | 'cancelled',
): Promise<Report> {
  return withDatabase(settings, async ({ jobs }) => {
    const job = await jobOf({ jobs }, id)
    const outcome = await jobs.turn(job.id, state, systemClock().now())
    if (outcome !== 'turned') {
      return { text: `Job ${job.id} has come to its end: ${job.state}.`, reason: 'refused' }
    }
    const said = { paused: 'pauses', running: 'runs', cancelled: 'is cancelled' }[state]
    return { text: `Job ${job.id} ${said}.`, reason: 'done' }
  })
}

/** `gatehouse jobs watch` */
export async function jobsWatch(
  settings: Settings,
  id: string,
  surroundings: Surroundings,
): Promise<Report> {
  return withDatabase(settings, async (database) =>
    watch(settings, database, await jobOf(database, id), surroundings),
  )
}

/** Puts a job into the database, and watches it to its end. */
export async function runJob(
  settings: Settings,
  database: Database,
  request: Pick<Job, 'kind' | 'scope' | 'total'>,
  options: JobOptions,
  surroundings: Surroundings,
): Promise<Report> {
  const { jobs } = database
  const running = (await jobs.list(LIST_LIMIT)).find(({ state }) => isUnended(state))
  if (running !== undefined) {
    throw new StartupRefusal(
      `Job ${running.id} (${running.kind}, ${running.state}) has not come to its end: watch, resume or cancel it first (\`gatehouse jobs\`).`,
    )
  }
  const now = systemClock().now()
  const job = newJob({ ...request, id: randomUUID(), rate: options.rate ?? null, now })
  await jobs.add(job)
  if (options.detach === true) {
    return { text: `${job.id}\n\`gatehouse jobs watch ${job.id}\` shows it.`, reason: 'done' }
  }
  return watch(settings, database, job, surroundings)
}

function isUnended(state: Job['state']): boolean {
  return state === 'running' || state === 'paused'
}

/** A server works on it; where none does, this process. */
async function watch(
  settings: Settings,
  database: Database,
  first: Job,
  surroundings: Surroundings,
): Promise<Report> {
  const { jobs, nodes } = database
  const stopped = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    surroundings.onSignal(name, () => {
      if (stopped.signal.aborted) surroundings.exitNow(EXIT_CODES.unfinished.code)
      stopped.abort()
    })
  }
  const processes = new ProcProcessMarks()
  const isAlone = (await nodes.all()).every(({ id }) => processes.isDead(id))
  let own = isAlone ? await ownWorker(settings, database, processes, surroundings) : undefined
  const clock = systemClock()
  const progress = new JobProgress(surroundings)
  let job = first
  let movedAtMs = clock.monotonicMs()
  try {
    while (isUnended(job.state) && job.state !== 'paused' && !stopped.signal.aborted) {
      const seen = await jobs.find(job.id)
      if (seen === undefined) throw new StartupRefusal(`Job ${job.id} is gone.`)
      if (seen.revision !== job.revision || seen.trouble !== null) movedAtMs = clock.monotonicMs()
      job = seen
      progress.show(job)
      const isStill = clock.monotonicMs() - movedAtMs > PATIENCE_MS + settleMs(settings)
      if (own === undefined && isStill) {
        own = await ownWorker(settings, database, processes, surroundings)
      }
      if (job.state === 'running') await waitFor(LOOK_EVERY_MS, stopped.signal, true)
    }
  } finally {
    await own?.stop()
  }
  const report = await jobReport(jobs, (await jobs.find(job.id)) ?? job)
  if (!stopped.signal.aborted || job.state !== 'running') return report
  const goesOn = own === undefined ? 'The job goes on.' : 'The job waits for who goes on with it.'
  return { text: `${report.text}\n${goesOn}`, reason: 'unfinished' }
}

function settleMs({ rotation }: Settings): number {
  return rotation.settle_time * 1000
}

async function ownWorker(
  settings: Settings,
  database: Database,
  processes: ProcessMarks,
  surroundings: Surroundings,
): Promise<{ stop(): Promise<void> }> {
  const alarms = {
    integrity: ({ kind, id, what }: { kind: string; id: string; what: string }) =>
      surroundings.err.write(`damaged: ${kind} ${id}: ${what}\n`),
  }
  const open = await openKeyring(settings, database, alarms, surroundings)
  const { keyring, deploymentId } = open
  const parts = { keyring, deploymentId, alarms }
  const sealer = new EnvelopeSealer(parts)
  const integrity = new RowIntegrity(parts)
  const silent = () => undefined
  const worker = jobWorkerOver({
    settings,
    database,
    api: { integrity, rewrapper: new EnvelopeRewrapper({ keyring, sealer, integrity }) },
    // Nobody is served here.
    load: {
      spent: () => ({ activeMs: 0, idleMs: 1_000 }),
      delayMs: () => 0,
      isOverloaded: () => false,
    },
    processes,
    clock: systemClock(),
    watch: { onEvent: silent },
    log: { debug: silent, warn: silent },
    wait: (ms, signal) => waitFor(ms, signal, true),
  })
  worker.start()
  return {
    stop: async () => {
      await worker.stop()
      await open.close()
    },
  }
}

/** By its whole id, or its beginning where that is nobody else's; the last one when nothing is said. */
async function jobOf({ jobs }: Pick<Database, 'jobs'>, id: string): Promise<Job> {
  const found = (await jobs.list(1000)).filter((job) => job.id.startsWith(id))
  const [job, another] = found
  if (job !== undefined && another === undefined) return job
  throw new StartupRefusal(
    job === undefined
      ? `There is no job ${id}: \`gatehouse jobs list\` shows them.`
      : `Several jobs begin with ${id}.`,
    { exitCode: EXIT_CODES.usage.code },
  )
}

/** @throws StartupRefusal when there is no database of this schema */
export async function withDatabase(
  settings: Settings,
  work: (database: Database) => Promise<Report>,
  whenNone: 'done' | 'refused' = 'done',
): Promise<Report> {
  const url = settings.database.connection
  const { current } = await refusingWith('database', () => schemaStatus(url))
  if (current === undefined) {
    return { text: `There is no database at ${maskUrl(url)} yet.`, reason: whenNone }
  }
  await refuseUnfitSchema(settings)
  const database = await refusingWith('database', () =>
    openDatabase({ ...databaseOfSettings(settings), clock: systemClock() }),
  )
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}
