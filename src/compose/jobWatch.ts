import type { KekEvent } from '../crypto/kekFollower.ts'
import type { JobEvent } from '../domain/rotation/jobEvent.ts'
import type { Log } from '../lib/log.ts'
import type { Audit } from '../ops/audit.ts'
import type { Metrics } from '../ops/metrics.ts'

/** Looks on while keys are rotated. */
export interface JobWatch {
  readonly onEvent: (event: JobEvent) => void
  readonly onKekEvent: (event: KekEvent) => void
}

interface Parts {
  readonly log: Log
  readonly metrics: Metrics
  readonly audit: Audit | undefined
  readonly monotonicMs: () => number
}

const RECORDS = ['done', 'verified', 'failed', 'keysDestroyed'] as const

export function composeJobWatch({ log, metrics, audit, monotonicMs }: Parts): JobWatch {
  const records = metrics.counter(
    'gatehouse_job_records_total',
    'Records and keys that jobs went through, verified, could not do; and project keys they destroyed.',
    RECORDS,
  )
  const keks = metrics.counter(
    'gatehouse_kek_changes_total',
    'KEKs that changed outside and were taken up, or refused while the old ones stay.',
    ['taken', 'refused'],
  )
  const atHand = { isRunning: false, total: 0, done: 0, failed: 0, begunMs: 0, sinceBegun: 0 }
  metrics.gauge('gatehouse_job_running', '1 while this process works on a job.', () =>
    Number(atHand.isRunning),
  )
  metrics.gauge('gatehouse_job_total', 'Records or keys of the job at hand.', () => atHand.total)
  metrics.gauge('gatehouse_job_done', 'How many of them it went through.', () => atHand.done)
  metrics.gauge('gatehouse_job_failed', 'How many of them it could not do.', () => atHand.failed)
  metrics.gauge('gatehouse_job_rate', 'Records or keys a second since it began here.', () => {
    const seconds = (monotonicMs() - atHand.begunMs) / 1000
    return atHand.isRunning && seconds > 0 ? atHand.sinceBegun / seconds : 0
  })
  return {
    onEvent(event) {
      const { job } = event
      switch (event.type) {
        case 'began':
          atHand.begunMs = monotonicMs()
          atHand.sinceBegun = 0
          log.info({ job: job.id, kind: job.kind, total: job.total }, 'a job is worked on here')
          break
        case 'advanced':
          records.count('done', event.done)
          records.count('verified', event.verified)
          atHand.sinceBegun += event.done + event.verified
          break
        case 'recordFailed': {
          records.count('failed')
          const { kind, id, what } = event.failure
          log.error({ job: job.id, kind, id, what }, 'a job cannot do a record, and leaves it')
          break
        }
        case 'keysDestroyed':
          records.count('keysDestroyed', event.keys)
          audit?.keysChange('project keys destroyed', { job: job.id, keys: event.keys })
          log.info({ job: job.id, keys: event.keys }, 'old project keys were destroyed')
          break
        case 'left':
          log.info({ job: job.id }, 'a job is left before its end')
          break
        case 'ended': {
          const { kind, state, done, failed, keysDestroyed } = job
          const facts = { job: job.id, kind, state, done, failed, keysDestroyed }
          audit?.keysChange('job ended', facts)
          if (failed > 0) log.error(facts, 'a job ended, and could not do all')
          else log.info(facts, 'a job ended')
          break
        }
        case 'blocked':
          log.error({ job: job.id, error: event.error }, 'a job does not get on; it is tried again')
      }
      atHand.isRunning = event.type !== 'left' && event.type !== 'ended'
      atHand.total = job.total
      atHand.done = job.done
      atHand.failed = job.failed
    },
    onKekEvent(event) {
      keks.count(event.type)
      const { store } = event
      if (event.type === 'refused') {
        const { reason } = event
        log.error({ store, reason }, 'changed KEKs cannot be used: those before stay')
        return
      }
      const { currentKekId } = event.keks
      audit?.keysChange('KEKs taken up', { store, primary: currentKekId })
      log.info({ store, primary: currentKekId }, 'changed KEKs were taken up')
    },
  }
}
