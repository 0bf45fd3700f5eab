import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { CompletedRequest } from '../http/observer.ts'
import type { AuditEvent } from './audit.ts'
import type { DatabaseTrouble } from './databaseTrouble.ts'
import { KekMetrics } from './kekMetrics.ts'
import { RequestSeconds } from './requestSeconds.ts'
import { Tally } from './tally.ts'

const CALL_SECONDS = [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]
const KEY_PAIR_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120]
const KEY_PAIR_OUTCOMES = ['made', 'failed', 'lost', 'released', 'parked'] as const
type KeyPairOutcome = (typeof KEY_PAIR_OUTCOMES)[number]
const COMMANDS = [1, 2, 4, 8, 16, 32, 64, 128, 256]

export type CacheOutcome = 'hit' | 'miss' | 'stale'

export interface TokenLookups {
  readonly hits: number
  readonly misses: number
  readonly stale: number
}

/** The numbers of this process. No label holds an id, a name or anything a client chose. */
export class Metrics {
  readonly keks: KekMetrics
  readonly #registry = new Registry()
  readonly #requestSeconds: RequestSeconds
  readonly #projectKeys: Tally<CacheOutcome>
  readonly #newTerms: Counter<'reason'>
  readonly #commitCommands: Histogram
  readonly #commitSeconds: Histogram
  readonly #checkpoints: Counter<'mode' | 'outcome'>
  readonly #databaseTroubles: Counter<'kind'>
  readonly #keystone: Gauge
  readonly #alarms: Counter<'kind'>
  readonly #audit: Tally<AuditEvent>
  readonly #keyPairSeconds: Histogram
  readonly #keyPairOrders: Counter<'outcome'>
  readonly #ordersWaiting: Gauge
  readonly #lostLines: Counter<'stream'>
  readonly #overload: Counter
  readonly #housekeeping: Counter<'outcome'>
  readonly #purged: Counter<'kind'>

  constructor() {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 20 })
    this.#requestSeconds = new RequestSeconds(this.#registry)
    this.#projectKeys = new Tally({
      name: 'gatehouse_project_key_cache_lookups_total',
      help: 'Unwrapped project keys looked up: at hand, unwrapped, or served past their age while the KEK store is away.',
      label: 'outcome',
      registry: this.#registry,
    })
    this.#newTerms = new Counter({
      name: 'gatehouse_project_key_terms_total',
      help: 'Project keys made, by reason.',
      labelNames: ['reason'],
      registers,
    })
    this.keks = new KekMetrics(this.#registry)
    this.#commitCommands = new Histogram({
      name: 'gatehouse_group_commit_commands',
      help: 'Changes that shared one commit.',
      buckets: COMMANDS,
      registers,
    })
    this.#commitSeconds = new Histogram({
      name: 'gatehouse_group_commit_duration_seconds',
      help: 'One commit, until it was durable.',
      buckets: CALL_SECONDS,
      registers,
    })
    this.#checkpoints = new Counter({
      name: 'gatehouse_checkpoints_total',
      help: "Checkpoints of SQLite's log.",
      labelNames: ['mode', 'outcome'],
      registers,
    })
    this.#databaseTroubles = new Counter({
      name: 'gatehouse_database_troubles_total',
      help: 'Connections given up and writers that died.',
      labelNames: ['kind'],
      registers,
    })
    this.#keystone = new Gauge({
      name: 'gatehouse_keystone_up',
      help: '1 while Keystone answers, 0 while it is away. Absent until it was asked.',
      aggregator: 'min',
      registers,
    })
    this.#keystone.remove()
    this.#alarms = new Counter({
      name: 'gatehouse_integrity_alarms_total',
      help: 'Stored records or keys that are not what was written. Anything but 0 wants a human.',
      labelNames: ['kind'],
      registers,
    })
    for (const kind of ['secret', 'order', 'project-key']) this.#alarms.inc({ kind }, 0)
    this.#audit = new Tally({
      name: 'gatehouse_audit_lines_total',
      help: 'Audit lines.',
      label: 'event',
      registry: this.#registry,
    })
    this.#keyPairSeconds = new Histogram({
      name: 'gatehouse_key_pair_duration_seconds',
      help: 'Orders of key pairs that were finished, from the queue to the database.',
      buckets: KEY_PAIR_SECONDS,
      registers,
    })
    this.#keyPairOrders = new Counter({
      name: 'gatehouse_key_pair_orders_total',
      help: 'Orders of key pairs taken from the queue, by what became of them.',
      labelNames: ['outcome'],
      registers,
    })
    for (const outcome of KEY_PAIR_OUTCOMES) this.#keyPairOrders.inc({ outcome }, 0)
    this.#ordersWaiting = new Gauge({
      name: 'gatehouse_orders_waiting',
      help: 'Orders in the queue when this process last looked, at most seconds ago.',
      aggregator: 'max',
      registers,
    })
    this.#lostLines = new Counter({
      name: 'gatehouse_lost_lines_total',
      help: 'Lines of a log that could not be written and were given up.',
      labelNames: ['stream'],
      registers,
    })
    for (const stream of ['access', 'audit']) this.#lostLines.inc({ stream }, 0)
    this.#overload = new Counter({
      name: 'gatehouse_overload_total',
      help: 'Times the event loop began to run late, and what is not done first to get 503.',
      registers,
    })
    this.#housekeeping = new Counter({
      name: 'gatehouse_housekeeping_runs_total',
      help: 'Runs of housekeeping, by outcome.',
      labelNames: ['outcome'],
      registers,
    })
    for (const outcome of ['done', 'failed']) this.#housekeeping.inc({ outcome }, 0)
    this.#purged = new Counter({
      name: 'gatehouse_purged_total',
      help: 'What housekeeping removed: expired secrets and old tombstones.',
      labelNames: ['kind'],
      registers,
    })
    for (const kind of ['secret', 'tombstone']) this.#purged.inc({ kind }, 0)
  }

  requestCompleted(request: CompletedRequest): void {
    this.#requestSeconds.observe(request)
  }

  /** Counted where tokens are looked up, for that is on the way of every request; read when the metrics are. */
  watchTokens(read: () => TokenLookups): void {
    new Counter({
      name: 'gatehouse_token_cache_lookups_total',
      help: 'Tokens looked up: at hand, asked for, or served past their age while Keystone is away.',
      labelNames: ['outcome'],
      registers: [this.#registry],
      collect() {
        this.reset()
        const { hits, misses, stale } = read()
        this.inc({ outcome: 'hit' }, hits)
        this.inc({ outcome: 'miss' }, misses)
        this.inc({ outcome: 'stale' }, stale)
      },
    })
  }

  projectKeyLookedUp(outcome: CacheOutcome): void {
    this.#projectKeys.count(outcome)
  }

  projectKeyTermBegan(reason: string): void {
    this.#newTerms.inc({ reason })
  }

  committed(commands: number, durationMs: number): void {
    this.#commitCommands.observe(commands)
    this.#commitSeconds.observe(durationMs / 1000)
  }

  checkpointed(mode: string, isBusy: boolean): void {
    this.#checkpoints.inc({ mode, outcome: isBusy ? 'busy' : 'done' })
  }

  databaseTroubled(kind: DatabaseTrouble): void {
    this.#databaseTroubles.inc({ kind })
  }

  keystoneIs(up: boolean): void {
    this.#keystone.set(up ? 1 : 0)
  }

  alarmed(kind: string): void {
    this.#alarms.inc({ kind })
  }

  audited(event: AuditEvent): void {
    this.#audit.count(event)
  }

  keyPairMade(durationMs: number): void {
    this.#keyPairSeconds.observe(durationMs / 1000)
    this.keyPairOrder('made')
  }

  keyPairOrder(outcome: KeyPairOutcome): void {
    this.#keyPairOrders.inc({ outcome })
  }

  ordersWait(waiting: number): void {
    this.#ordersWaiting.set(waiting)
  }

  lineLost(stream: 'access' | 'audit'): void {
    this.#lostLines.inc({ stream })
  }

  housekeepingEnded(outcome: 'done' | 'failed'): void {
    this.#housekeeping.inc({ outcome })
  }

  purged(kind: 'secret' | 'tombstone', count: number): void {
    this.#purged.inc({ kind }, count)
  }

  overloadBegan(): void {
    this.#overload.inc()
  }

  /** A number read when the metrics are, such as the size of a file or a cache. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read())
      },
    })
  }

  /** A counter by kind; those that are known begin with 0. */
  counter<Kind extends string>(name: string, help: string, kinds: readonly Kind[]): Tally<Kind> {
    return new Tally({ name, help, label: 'kind', kinds, registry: this.#registry })
  }

  /** For those who keep numbers of their own. */
  get registry(): Registry {
    return this.#registry
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** For a parent that sums up its workers. */
  json(): Promise<object[]> {
    return this.#registry.getMetricsAsJSON()
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }
}
