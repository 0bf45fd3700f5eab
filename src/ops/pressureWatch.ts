import type { LimitedRequest } from '../http/rateLimits.ts'
import type { Overload } from '../http/workload.ts'
import type { Log } from '../lib/log.ts'
import type { Audit } from './audit.ts'
import { LineBrake } from './lineBrake.ts'
import type { Metrics } from './metrics.ts'
import { Tally } from './tally.ts'

const LIMITS = ['global', 'project', 'user', 'failed logins'] as const
const OVERLOADS = ['late loop', 'too many requests', 'too many logins'] as const
const LINES_PER_MINUTE = 60

export interface PressureWatchParts {
  readonly metrics: Metrics
  readonly log: Log
  readonly audit: Audit | undefined
  readonly monotonicMs: () => number
}

/** Who was sent away because there was too much: every one is counted, a few a minute are written down. */
export class PressureWatch {
  readonly #parts: PressureWatchParts
  readonly #limited: Tally<LimitedRequest['kind']>
  readonly #shed: Tally<Overload>
  readonly #unread: Tally<'cut'>
  readonly #brakes: Readonly<Record<'limited' | 'shed' | 'unread', LineBrake>>

  constructor(parts: PressureWatchParts) {
    this.#parts = parts
    const { registry } = parts.metrics
    this.#limited = new Tally({
      name: 'gatehouse_rate_limited_requests_total',
      help: 'Requests answered 429, by the limit of [rate_limits] that they met.',
      label: 'limit',
      kinds: LIMITS,
      registry,
    })
    this.#shed = new Tally({
      name: 'gatehouse_shed_requests_total',
      help: 'Requests answered 503 because there was more to do than could be done, by what showed it.',
      label: 'reason',
      kinds: OVERLOADS,
      registry,
    })
    this.#unread = new Tally({
      name: 'gatehouse_unread_answers_total',
      help: 'Connections that were cut because their client did not read its answer within answer_timeout.',
      label: 'outcome',
      kinds: ['cut'],
      registry,
    })
    const brake = (): LineBrake => new LineBrake(LINES_PER_MINUTE, parts.monotonicMs)
    this.#brakes = { limited: brake(), shed: brake(), unread: brake() }
  }

  limited({ kind, remoteAddress, projectId, userId }: LimitedRequest): void {
    this.#limited.count(kind)
    const heldBack = this.#brakes.limited.next()
    if (heldBack === undefined) return
    const fields = {
      limit: kind,
      remote: remoteAddress,
      project: projectId,
      user: userId,
      heldBack,
    }
    this.#parts.log.warn(fields, 'a request came sooner than [rate_limits] allows: answered 429')
    this.#parts.audit?.limited({ kind, remoteAddress, projectId, userId, heldBack })
  }

  shed(reason: Overload): void {
    this.#shed.count(reason)
    const heldBack = this.#brakes.shed.next()
    if (heldBack === undefined) return
    this.#parts.log.warn(
      { reason, heldBack },
      'more to do than can be done: a request that is not done first was answered 503',
    )
  }

  unread(remoteAddress: string): void {
    this.#unread.count('cut')
    const heldBack = this.#brakes.unread.next()
    if (heldBack === undefined) return
    const fields = { remote: remoteAddress, heldBack }
    this.#parts.log.warn(fields, 'a client did not read its answer, and its connection was cut')
  }
}
