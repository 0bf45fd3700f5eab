import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { newJob } from '../../src/domain/rotation/newJob.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Timestamp } from '../../src/lib/timestamp.ts'
import type { Job, JobKind, JobScope } from '../../src/model/job.ts'

const LOOK_EVERY_MS = 20
const MOST_JOBS = 50

/** Jobs of a server, as the verbs begin, pause and watch them. */
export class RotationJobs {
  readonly #database: Database
  #id = ''

  private constructor(database: Database) {
    this.#database = database
  }

  /** What a run that was cut short left is cancelled. */
  static async open(url: string): Promise<RotationJobs> {
    const jobs = new RotationJobs(await openDatabase({ url, clock: systemClock() }))
    for (const { id, state } of await jobs.#database.jobs.list(MOST_JOBS)) {
      if (state === 'running' || state === 'paused') await jobs.#turn('cancelled', id)
    }
    return jobs
  }

  stop(): Promise<void> {
    return this.#database.close()
  }

  now(): Timestamp {
    return systemClock().now()
  }

  async begin(kind: JobKind, scope: JobScope): Promise<void> {
    const { rotation } = this.#database
    const total =
      kind === 'project-keys' || kind === 'kek-rewrap'
        ? await rotation.countKeys(scope, kind === 'kek-rewrap' ? 'all' : 'active')
        : await rotation.countRecords(scope)
    this.#id = randomUUID()
    const job = newJob({ id: this.#id, kind, scope, total, rate: null, now: this.now() })
    await this.#database.jobs.add(job)
  }

  /**
   * To its end. How long it took counts from when the first of it was committed: a server looks for jobs once a second.
   * @throws Error unless it ends well
   */
  async run(
    kind: JobKind,
    scope: JobScope,
  ): Promise<{ readonly job: Job; readonly perSecond: number; readonly seconds: number }> {
    await this.begin(kind, scope)
    await this.#gotOn(0)
    const sinceMs = performance.now()
    const first = await this.progress()
    const job = await this.ended(Number.POSITIVE_INFINITY)
    if (job?.state !== 'done') throw new Error(`A job of kind ${kind} ended ${job?.state}.`)
    const seconds = (performance.now() - sinceMs) / 1000
    return { job, seconds, perSecond: (job.done + job.verified - first) / seconds }
  }

  /** undefined: not within this time. */
  async ended(withinMs: number): Promise<Job | undefined> {
    const endMs = performance.now() + withinMs
    do {
      const job = await this.#find()
      if (job.state !== 'running') return job
      await delay(LOOK_EVERY_MS)
    } while (performance.now() < endMs)
    return undefined
  }

  async pause(): Promise<void> {
    await this.#turn('paused')
  }

  async cancel(): Promise<void> {
    await this.#turn('cancelled')
  }

  /** Returns when somebody works on it, or it is over. */
  async resume(): Promise<void> {
    const { revision } = await this.#find()
    await this.#turn('running')
    await this.#gotOn(revision)
  }

  async #gotOn(revision: number): Promise<void> {
    for (;;) {
      const present = await this.#find()
      if (present.revision !== revision || present.state !== 'running') return
      await delay(LOOK_EVERY_MS)
    }
  }

  /** Records moved, and records opened. */
  async progress(): Promise<number> {
    const { done, verified } = await this.#find()
    return done + verified
  }

  /** Is there nothing more to move or to open? */
  async isWalkOver(): Promise<boolean> {
    const { state, place } = await this.#find()
    return state !== 'paused' || place.phase === 'finish'
  }

  async #turn(state: 'paused' | 'running' | 'cancelled', id = this.#id): Promise<void> {
    await this.#database.jobs.turn(id, state, this.now())
  }

  async #find(): Promise<Job> {
    const job = await this.#database.jobs.find(this.#id)
    if (job === undefined) throw new Error(`There is no job ${this.#id}.`)
    return job
  }
}
