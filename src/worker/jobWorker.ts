import type { JobRepository } from '../domain/ports/jobs.ts'
import type { LeaseRepository } from '../domain/ports/leases.ts'
import type { ProcessMarks } from '../domain/ports/orderRepositories.ts'
import type { JobRunner } from '../domain/rotation/jobRunner.ts'
import { type LeaseEvent, LeaseKeeper, type LeaseTimes } from './leaseKeeper.ts'

export interface JobWorkerParts {
  readonly jobs: Pick<JobRepository, 'next'>
  readonly runner: Pick<JobRunner, 'workUntil'>
  readonly leases: LeaseRepository
  readonly processes: ProcessMarks
  readonly monotonicMs: () => number
  /** Returns when the time is over, or sooner once the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly onEvent: (event: LeaseEvent) => void
  readonly times?: Partial<LeaseTimes>
}

const LEASE = 'jobs'
const LOOK_EVERY_MS = 1_000

/**
 * Works off jobs while it holds their lease, and takes the lease only while there are any: with nothing to do, nothing
 * is written, on SQLite neither.
 */
export class JobWorker {
  readonly #keeper: LeaseKeeper

  constructor(parts: JobWorkerParts) {
    const { jobs, runner, leases, processes, monotonicMs, wait, onEvent, times } = parts
    this.#keeper = new LeaseKeeper({
      leases,
      name: LEASE,
      owner: processes.own,
      isWanted: async () => (await jobs.next()) !== undefined,
      isDead: (owner) => owner !== processes.own && processes.isDead(owner),
      work: (signal) => runner.workUntil(signal),
      monotonicMs,
      wait,
      onEvent,
      times: { lookEveryMs: LOOK_EVERY_MS, ...times },
    })
  }

  get isHolder(): boolean {
    return this.#keeper.isHolder
  }

  start(): void {
    this.#keeper.start()
  }

  /** Returns when the step under way is done. */
  stop(): Promise<void> {
    return this.#keeper.stop()
  }
}
