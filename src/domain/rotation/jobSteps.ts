import type { Clock } from '../../lib/clock.ts'
import { Fault } from '../../lib/fault.ts'
import { type Job, type JobPlace, WALKED_KINDS, type WalkedKind } from '../../model/job.ts'
import type { StoreBindings } from '../../model/storeBindings.ts'
import type { Integrity } from '../ports/crypto.ts'
import type { JobFailure, JobRepository, JobStep } from '../ports/jobs.ts'
import type {
  RewrappedRecord,
  Rewrapper,
  RotationRepository,
  WalkedRecord,
  WholeRecord,
} from '../ports/rotation.ts'
import type { JobEvent } from './jobEvent.ts'
import type { Pace } from './pace.ts'

export interface JobStepParts {
  readonly jobs: JobRepository
  readonly rotation: RotationRepository
  readonly rewrapper: Rewrapper
  readonly integrity: Integrity
  /** Asked for each project that is moved: anybody who writes to the database can order a move. */
  readonly bindings: Pick<StoreBindings, 'whyNotMoved'>
  readonly clock: Clock
  /** Longer than any request or change that may still have an old key in hand. */
  readonly settleMs: number
  /** Returns when the time is over, or sooner once the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly pace: Pick<Pace, 'rest' | 'page' | 'turn'>
  readonly onEvent: (event: JobEvent) => void
}

/** What a step left: the job as it is now, 'ended' when there is nothing more, 'lost' when it is another's. */
export type Stepped =
  | { readonly job: Job; readonly records: number; readonly isAtEnd?: boolean }
  | 'lost'

/** One kind of job. A step is short, and what it wrote is committed together with how far it is. */
export interface JobSteps {
  step(job: Job, signal: AbortSignal): Promise<Stepped>
}

/** One commit for so many; what is done with each is a turn of the loop that answers requests (ADR 0060). */
export const PAGE = 16

export function stepOf(
  job: Job,
  place: JobPlace,
  clock: Clock,
  changes: Partial<Pick<JobStep, 'done' | 'verified' | 'failures'>> = {},
): JobStep {
  return {
    jobId: job.id,
    revision: job.revision,
    place,
    done: 0,
    verified: 0,
    keysDestroyed: 0,
    failures: [],
    now: clock.now(),
    ...changes,
  }
}

/** The job as the database has it after this step. */
export function after(job: Job, step: JobStep, keysDestroyed = 0): Job {
  return {
    ...job,
    place: step.place,
    revision: job.revision + 1,
    done: job.done + step.done,
    verified: job.verified + step.verified,
    failed: job.failed + step.failures.length,
    keysDestroyed: job.keysDestroyed + keysDestroyed,
    trouble: null,
  }
}

export function phase(name: string, { lap }: JobPlace): JobPlace {
  return { phase: name, lap, stragglers: 0 }
}

/** Behind the records of a page; where it was short, at the next kind. undefined: that was the last of the project. */
export function placeBehind(
  place: JobPlace,
  page: readonly WalkedRecord[],
  limit: number,
): JobPlace | undefined {
  const last = page.at(-1)
  const kind = kindOf(place)
  if (last !== undefined && page.length === limit) {
    return { ...place, kind, createdAt: last.createdAt, id: last.id }
  }
  const next = WALKED_KINDS[WALKED_KINDS.indexOf(kind) + 1]
  if (next === undefined) return undefined
  const { createdAt: _, id: __, ...rest } = place
  return { ...rest, kind: next }
}

export function kindOf({ kind }: JobPlace): WalkedKind {
  return kind ?? WALKED_KINDS[0]
}

export function positionOf({ createdAt, id }: JobPlace) {
  return createdAt === undefined || id === undefined ? undefined : { createdAt, id }
}

/** What became of one record. */
export type Judged =
  | { readonly outcome: 'moved'; readonly record: RewrappedRecord }
  | { readonly outcome: 'proven' | 'gone' }
  | { readonly outcome: 'failed'; readonly failure: JobFailure }

type Work = (
  record: Awaited<ReturnType<typeof verifiedOf>> & {},
  sealed: Uint8Array | null,
) => Promise<RewrappedRecord | undefined>

/**
 * Records read, verified, and then moved or opened. They are read together, which a database server answers with one
 * statement; then each has a turn of the loop to itself.
 */
export async function allJudged(
  parts: Pick<JobStepParts, 'rotation' | 'integrity' | 'pace'>,
  kind: WalkedKind,
  ids: readonly string[],
  work: (id: string) => Work,
): Promise<readonly Judged[]> {
  const found = await Promise.allSettled(ids.map((id) => parts.rotation.read(kind, id)))
  const all: Judged[] = []
  for (const [index, id] of ids.entries()) {
    await parts.pace.turn()
    all.push(await judged(parts.integrity, kind, id, found[index], work(id)))
  }
  return all
}

/** Damage is a finding, not the end. */
async function judged(
  integrity: Integrity,
  kind: WalkedKind,
  id: string,
  found: PromiseSettledResult<Awaited<ReturnType<RotationRepository['read']>>> | undefined,
  work: Work,
): Promise<Judged> {
  try {
    if (found?.status === 'rejected') throw found.reason
    const read = found?.value
    const record = await verifiedOf(integrity, read?.record)
    if (read === undefined || record === undefined) return { outcome: 'gone' }
    const moved = await work(record, read.sealed)
    return moved === undefined ? { outcome: 'proven' } : { outcome: 'moved', record: moved }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    // Its project was deleted, and it goes with that.
    if (error.kind === 'notFound') return { outcome: 'gone' }
    if (error.kind !== 'corrupted') throw error
    return { outcome: 'failed', failure: { kind, id, what: error.message } }
  }
}

function verifiedOf(
  integrity: Integrity,
  record: Parameters<typeof integrity.verified<WholeRecord>>[0],
) {
  return integrity.verified<WholeRecord>(record)
}
