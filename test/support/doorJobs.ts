import { randomUUID } from 'node:crypto'
import type { JobEvent } from '../../src/domain/rotation/jobEvent.ts'
import { JobRunner } from '../../src/domain/rotation/jobRunner.ts'
import type { JobStepParts } from '../../src/domain/rotation/jobSteps.ts'
import { newJob } from '../../src/domain/rotation/newJob.ts'
import type { Job, JobKind, JobScope } from '../../src/model/job.ts'
import { StoreBindings } from '../../src/model/storeBindings.ts'
import type { Door } from './door.ts'

export interface RunJobOptions extends Partial<Omit<JobStepParts, 'onEvent' | 'pace'>> {
  readonly signal?: AbortSignal
  readonly rest?: JobStepParts['pace']['rest']
  readonly turn?: JobStepParts['pace']['turn']
  /** What a job is blocked by is an event, and not the end of the test. */
  readonly mayBlock?: boolean
}

/** Puts a job into the door's database. */
export async function addJob(
  door: Door,
  kind: JobKind,
  scope: Partial<JobScope> = {},
  rate: number | null = null,
): Promise<Job> {
  const whole: JobScope = { verify: 'dek', ...scope }
  const total = await (kind === 'kek-rewrap' || kind === 'project-keys'
    ? door.database.rotation.countKeys(whole, kind === 'kek-rewrap' ? 'all' : 'active')
    : door.database.rotation.countRecords(whole))
  const job = newJob({ id: randomUUID(), kind, scope: whole, total, rate, now: door.clock.now() })
  await door.database.jobs.add(job)
  return job
}

/** Works off what is there, as a server would, without its pauses. */
export async function workOff(
  door: Door,
  options: RunJobOptions = {},
): Promise<readonly JobEvent[]> {
  const events: JobEvent[] = []
  const {
    signal = new AbortController().signal,
    rest = letOthersIn,
    turn = letOthersIn,
    ...parts
  } = options
  const failed = new AbortController()
  let failure: Error | undefined
  const runner = new JobRunner({
    jobs: door.database.jobs,
    rotation: door.database.rotation,
    rewrapper: door.rewrapper,
    integrity: door.integrity,
    bindings: new StoreBindings(door.storePlan),
    clock: door.clock,
    settleMs: 0,
    // Lets others in, as every wait does.
    wait: letOthersIn,
    pace: { rest, page: (most) => most, turn },
    ...parts,
    onEvent: (event) => {
      events.push(event)
      if (event.type !== 'blocked' || options.mayBlock === true) return
      failure = event.error
      failed.abort()
    },
  })
  await runner.workUntil(AbortSignal.any([signal, failed.signal]))
  if (failure !== undefined) throw failure
  return events
}

export async function runJob(
  door: Door,
  kind: JobKind,
  scope: Partial<JobScope> = {},
  options: RunJobOptions = {},
): Promise<Job> {
  const { id } = await addJob(door, kind, scope)
  await workOff(door, options)
  const job = await door.database.jobs.find(id)
  if (job === undefined) throw new Error('The job is gone.')
  return job
}

const letOthersIn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
