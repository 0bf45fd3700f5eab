import type { Clock } from '../lib/clock.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { ProjectDirectory } from './ports/identity.ts'
import type { Lease, ProjectPollRepository } from './ports/projectDeletions.ts'
import { type ProjectDeletions, timeAfter } from './projectDeletions.ts'
import type { ProjectEvent } from './projectEvent.ts'

export interface ProjectPollParts {
  readonly polls: ProjectPollRepository
  readonly directory: ProjectDirectory
  readonly deletions: Pick<ProjectDeletions, 'note'>
  readonly owner: string
  readonly clock: Clock
  readonly intervalSeconds: number
  /** How many projects may be asked about in a second. */
  readonly projectsPerSecond: number
  /** The share of all projects that may be missing at once and be believed. */
  readonly mostMissing: number
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly onEvent: (event: ProjectEvent) => void
}

interface Found {
  readonly known: number
  readonly missing: readonly ProjectId[]
}

const PAGE = 100
const LEASE_SECONDS = 120

/**
 * Asks Keystone for every project that has something here. Nothing destroys more than a wrong "not
 * found", so one alone does nothing: each is followed by a proof that we would see a project that is
 * there, a pass in which too many are missing counts for nothing, and it takes a second pass, an interval
 * later, to say the same (ADR 0023).
 */
export class ProjectPoll {
  readonly #parts: ProjectPollParts

  constructor(parts: ProjectPollParts) {
    this.#parts = parts
  }

  /** One pass, unless another node has made one since the last interval. @throws Fault('unavailable') */
  async pass(signal: AbortSignal): Promise<void> {
    const { polls, clock, intervalSeconds } = this.#parts
    const dueBefore = timeAfter(clock, -intervalSeconds)
    if (!(await polls.claimPass(this.#lease(), dueBefore))) return
    let isComplete = false
    try {
      const found = await this.#ask(signal, dueBefore)
      if (found === undefined) return
      isComplete = true
      await this.#judge(found)
    } finally {
      await polls.endPass(this.#lease(), isComplete)
    }
  }

  /** undefined: stopped, or another took over. */
  async #ask(
    signal: AbortSignal,
    dueBefore: ReturnType<typeof timeAfter>,
  ): Promise<Found | undefined> {
    const { polls, directory, projectsPerSecond, wait } = this.#parts
    await directory.proveSight()
    const missing: ProjectId[] = []
    let known = 0
    let after: ProjectId | undefined
    for (;;) {
      const page = await polls.projectsAfter(after, PAGE)
      for (const projectId of page) {
        if (signal.aborted) return undefined
        known += 1
        if ((await directory.look(projectId)) === 'missing') missing.push(projectId)
        else await polls.markPresent(projectId)
        await wait(1000 / projectsPerSecond, signal)
      }
      after = page.at(-1)
      if (page.length < PAGE) return { known, missing }
      if (!(await polls.claimPass(this.#lease(), dueBefore))) return undefined
    }
  }

  async #judge({ known, missing }: Found): Promise<void> {
    const { polls, deletions, clock, intervalSeconds, mostMissing, onEvent } = this.#parts
    const isNoneThere = missing.length === known
    if (missing.length > 0 && (isNoneThere || missing.length > Math.max(1, known * mostMissing))) {
      onEvent({ type: 'disbelieved', known, missing: missing.length })
      return
    }
    const longAgo = timeAfter(clock, -intervalSeconds)
    for (const projectId of missing) {
      const since = await polls.markMissing(projectId, clock.now())
      if (since !== undefined && since <= longAgo) await deletions.note(projectId, 'poll')
    }
    onEvent({ type: 'polled', known, missing: missing.length })
  }

  #lease(): Lease {
    const { owner, clock } = this.#parts
    return { owner, now: clock.now(), until: timeAfter(clock, LEASE_SECONDS) }
  }
}
