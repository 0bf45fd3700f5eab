import { hostname } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { KekSettingsFollower } from '../cli/kekSettingsFollower.ts'
import { storePlanOfSettings } from '../cli/storePlanOfSettings.ts'
import type { Settings } from '../config/settingsTable.ts'
import { type KekEvent, KekFollower } from '../crypto/kekFollower.ts'
import type { KeyringEvent } from '../crypto/keyringEvent.ts'
import type { Database } from '../db/database.ts'
import type { CapableKekStore } from '../domain/ports/kekChanges.ts'
import type { NodeReport } from '../domain/ports/nodes.ts'
import type { ProcessMarks } from '../domain/ports/orderRepositories.ts'
import { JobRunner } from '../domain/rotation/jobRunner.ts'
import { type LoadMeter, Pace } from '../domain/rotation/pace.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { StoreBindings } from '../model/storeBindings.ts'
import { JobWorker } from '../worker/jobWorker.ts'
import { NodeReporter } from '../worker/nodeReporter.ts'
import type { Api } from './api.ts'
import type { JobWatch } from './jobWatch.ts'

type Wait = (ms: number, signal: AbortSignal) => Promise<void>

interface WorkerParts {
  readonly settings: Settings
  readonly database: Pick<Database, 'jobs' | 'rotation' | 'leases'>
  readonly api: Pick<Api, 'rewrapper' | 'integrity'>
  readonly load: LoadMeter
  readonly processes: ProcessMarks
  readonly clock: Clock
  readonly watch: Pick<JobWatch, 'onEvent'>
  readonly log: Pick<Log, 'debug' | 'warn'>
  readonly wait: Wait
}

/** Who works off jobs: a server, or the command that began one where no server does. */
export function jobWorkerOver(parts: WorkerParts): JobWorker {
  const { settings, database, api, load, processes, clock, watch, log, wait } = parts
  const monotonicMs = () => clock.monotonicMs()
  const runner = new JobRunner({
    ...database,
    ...api,
    bindings: new StoreBindings(storePlanOfSettings(settings)),
    clock,
    settleMs: settings.rotation.settle_time * 1000,
    pace: new Pace({ load, wait, turn: () => setImmediate() }),
    wait,
    onEvent: watch.onEvent,
  })
  return new JobWorker({
    jobs: database.jobs,
    runner,
    leases: database.leases,
    processes,
    monotonicMs,
    wait,
    onEvent: (event) => {
      if (event.type === 'lost') log.warn({ why: event.why }, 'the lease of jobs is lost')
      // What ails the database is told where it is noticed.
      if (event.type === 'blocked')
        log.debug({ error: event.error }, 'the lease of jobs cannot be looked at')
    },
  })
}

interface Parts extends WorkerParts {
  readonly database: Pick<Database, 'jobs' | 'rotation' | 'leases' | 'nodes' | 'deployment'>
  readonly kekStores: readonly CapableKekStore[]
  readonly deploymentId: string
  readonly onKeyringEvent: (event: KeyringEvent) => void
  /** Left out: settings never change. */
  readonly readSettings?: () => Settings
  readonly release: string
  readonly watch: JobWatch
}

interface Jobs {
  start(): void
  /** SIGHUP. */
  look(): Promise<void>
  stop(): Promise<void>
}

/** Rotation as a server takes part in it: it works on jobs, says which KEKs it holds, and takes up new ones. */
export function composeJobs(parts: Parts): Jobs {
  const { settings, database, kekStores, processes, clock, watch, log, wait, release } = parts
  const { deployment } = database
  const worker = jobWorkerOver(parts)
  const name = `${hostname()} process ${process.pid}`
  const reporter = new NodeReporter({
    nodes: database.nodes,
    report: () => ({ id: processes.own, name, release, keks: keksOf(kekStores) }),
    processes,
    monotonicMs: () => clock.monotonicMs(),
    wait,
    onFailure: (error) => log.debug({ error: asError(error) }, 'this node could not report'),
  })
  const onEvent = (event: KekEvent) => {
    watch.onKekEvent(event)
    if (event.type === 'taken') reporter.wake()
  }
  const follower = new KekFollower({
    kekStores,
    deployment,
    monotonicMs: () => clock.monotonicMs(),
    onEvent,
  })
  const { readSettings = () => settings, deploymentId, onKeyringEvent } = parts
  const settingsFollower = new KekSettingsFollower({
    ...{ settings, readSettings, kekStores, deployment, deploymentId, clock, onEvent },
    onKeyringEvent,
  })
  return {
    start() {
      reporter.start()
      follower.start()
      if (settings.rotation.worker) worker.start()
    },
    async look() {
      await settingsFollower.look()
      await follower.look()
    },
    async stop() {
      await worker.stop()
      await settingsFollower.stop()
      await follower.stop()
      await reporter.stop()
    },
  }
}

export function keksOf(kekStores: readonly CapableKekStore[]): NodeReport['keks'] {
  return kekStores.flatMap((kekStore) =>
    kekStore.describe().keks.map(({ id, state, fingerprint }) => ({
      store: kekStore.name,
      id,
      state,
      fingerprint,
    })),
  )
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
