import type { JobRepository } from '../domain/ports/jobs.ts'
import { JOB_KINDS, type Job } from '../model/job.ts'
import type { ExitReason } from './exitCodes.ts'
import { percentOf } from './jobProgress.ts'

export interface Report {
  readonly text: string
  readonly reason: ExitReason
}

/** More than this many findings are one cause. */
const MOST_FINDINGS = 100

const REASONS = {
  running: 'unfinished',
  paused: 'unfinished',
  cancelled: 'unfinished',
  done: 'done',
  failed: 'incomplete',
} as const satisfies Record<Job['state'], ExitReason>

/** What there is to say of a job, and the exit code that tells the truth about it. */
export async function jobReport(jobs: Pick<JobRepository, 'failures'>, job: Job): Promise<Report> {
  const { counts } = JOB_KINDS[job.kind]
  const lines = [
    `job         ${job.id}`,
    `kind        ${job.kind}${scopeInWords(job)}`,
    `state       ${job.state}${job.state === 'running' ? `, ${job.place.phase}, ${percentOf(job)} %` : ''}`,
    `done        ${job.done} ${counts} of ${job.total}`,
    `verified    ${job.verified}${job.scope.verify === 'none' ? ', not opened' : ''}`,
    `destroyed   ${job.keysDestroyed} project keys`,
    `failed      ${job.failed}`,
  ]
  if (job.trouble !== null) lines.push(`trouble     ${job.trouble}`)
  if (job.failed > 0) {
    const failures = await jobs.failures(job.id, MOST_FINDINGS)
    lines.push(...failures.map(({ kind, id, what }) => `  ${kind} ${id}: ${what}`))
    lines.push('They stay as they are, and so do the keys that they need.')
  }
  if (job.state === 'paused') lines.push(`\`gatehouse jobs resume ${job.id}\` goes on with it.`)
  return { text: lines.join('\n'), reason: REASONS[job.state] }
}

function scopeInWords({ scope }: Job): string {
  const words = [
    ...(scope.projectId === undefined ? [] : [`project ${scope.projectId}`]),
    ...(scope.store === undefined ? [] : [`KEK store ${scope.store}`]),
    ...(scope.toStore === undefined ? [] : [`to KEK store ${scope.toStore}`]),
    ...(scope.before === undefined ? [] : [`made before ${scope.before.slice(0, 19)}`]),
  ]
  return words.length === 0 ? '' : ` (${words.join(', ')})`
}
