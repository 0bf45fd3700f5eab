import type { Settings } from '../config/settingsTable.ts'
import type { KeyringEvent } from '../crypto/keyringEvent.ts'
import type { DatabaseGauge } from '../db/database.ts'
import type { DatabaseEvent } from '../db/databaseEvent.ts'
import type { CertificateEnding } from '../domain/certificateWatch.ts'
import type { CertificateCounts } from '../domain/ports/certificateRepositories.ts'
import type { Alarms } from '../domain/ports/crypto.ts'
import type { RequestObserver } from '../http/observer.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { wireTime } from '../lib/timestamp.ts'
import { AccessLog } from '../ops/accessLog.ts'
import { OperatorAlarms } from '../ops/alarms.ts'
import { Audit } from '../ops/audit.ts'
import { LineFile } from '../ops/lineFile.ts'
import type { OpenLog } from '../ops/log.ts'
import { LoopDelay } from '../ops/loopDelay.ts'
import { Metrics } from '../ops/metrics.ts'
import { PressureWatch } from '../ops/pressureWatch.ts'
import { RequestWatch } from '../ops/requestWatch.ts'
import { StoredCertificateMetrics } from '../ops/storedCertificateMetrics.ts'
import type { Decision } from '../policy/policy.ts'
import type { OrderEvent } from '../worker/orderEvent.ts'
import { composeDeletionWatch, type DeletionWatch } from './deletionWatch.ts'
import { composeHousekeepingWatch, type HousekeepingWatch } from './housekeepingWatch.ts'
import { composeJobWatch, type JobWatch } from './jobWatch.ts'

/** Everything that looks on while the server works: logs, audit, metrics, alarms. */
export interface Watch {
  readonly metrics: Metrics
  readonly requests: RequestObserver
  readonly alarms: Alarms
  readonly loopDelay: LoopDelay
  readonly pressure: PressureWatch
  readonly onDecision: (decision: Decision) => void
  readonly onDatabaseEvent: (event: DatabaseEvent) => void
  readonly onKeyringEvent: (event: KeyringEvent) => void
  readonly onOrderEvent: (event: OrderEvent) => void
  readonly onCertificateEnding: (ending: CertificateEnding) => void
  readonly onCertificates: (counts: CertificateCounts | undefined) => void
  readonly housekeeping: HousekeepingWatch
  readonly deletions: DeletionWatch
  readonly jobs: JobWatch
  watchDatabase(gauges: readonly DatabaseGauge[]): void
  /** SIGHUP: somebody moved the files away. */
  reopen(): void
  close(): Promise<void>
}

interface Surrounding {
  readonly log: Log & Pick<OpenLog, 'writeLines'>
  readonly clock: Clock
}

export async function composeWatch(
  { gatehouse: options }: Settings,
  { log, clock }: Surrounding,
): Promise<Watch> {
  const metrics = new Metrics()
  const files: LineFile[] = []
  const openFile = async (path: string, mode: number, stream: 'access' | 'audit') => {
    const file = await LineFile.open({
      path,
      mode,
      onTrouble: ({ kind, code }) => {
        if (kind === 'dropped') metrics.lineLost(stream)
        else log.error({ path, code }, 'a log file cannot be written')
      },
    })
    files.push(file)
    return file
  }

  const accessFile =
    options.access_log_file === undefined
      ? undefined
      : await openFile(options.access_log_file, 0o640, 'access')
  const accessLog = new AccessLog({
    level: options.access_log,
    sample: options.access_log_sample,
    write: (lines) => (accessFile === undefined ? log.writeLines(lines) : accessFile.write(lines)),
    epochMs: () => clock.epochMs(),
  })
  const auditFile = options.audit_log
    ? await openFile(options.audit_log_file, 0o600, 'audit')
    : undefined
  const audit =
    auditFile === undefined
      ? undefined
      : new Audit({
          write: (lines) => auditFile.write(lines),
          epochMs: () => clock.epochMs(),
          onLine: (event) => metrics.audited(event),
        })

  const loopDelay = new LoopDelay({
    limitMs: options.loop_delay_limit_ms,
    monotonicMs: () => clock.monotonicMs(),
    onOverload: (delayMs) => {
      metrics.overloadBegan()
      log.warn({ delayMs }, 'the event loop is late: what is not done first gets 503')
    },
  })
  loopDelay.start()

  const certificates = new StoredCertificateMetrics(metrics.registry)
  const alarms = new OperatorAlarms({ log, metrics, audit })
  return {
    metrics,
    requests: new RequestWatch({ accessLog, metrics, audit, log }),
    alarms,
    loopDelay,
    pressure: new PressureWatch({
      metrics,
      log,
      audit,
      monotonicMs: () => clock.monotonicMs(),
    }),
    onDecision: (decision) => audit?.decided(decision),
    onDatabaseEvent: (event) => observeDatabase(event, metrics, log, alarms),
    onKeyringEvent: (event) => observeKeyring(event, metrics, log),
    onOrderEvent: (event) => observeOrders(event, metrics, log),
    onCertificateEnding: (ending) => observeCertificateEnding(ending, log),
    onCertificates: (counts) => certificates.counted(counts),
    housekeeping: composeHousekeepingWatch({ log, metrics }),
    deletions: composeDeletionWatch({ log, metrics, audit }),
    jobs: composeJobWatch({ log, metrics, audit, monotonicMs: () => clock.monotonicMs() }),
    watchDatabase(gauges) {
      for (const { name, explanation, read } of gauges) metrics.gauge(name, explanation, read)
    },
    reopen() {
      for (const file of files) file.reopen()
    },
    async close() {
      loopDelay.stop()
      accessLog.flush()
      audit?.flush()
      for (const file of files) await file.close()
    },
  }
}

function observeDatabase(event: DatabaseEvent, metrics: Metrics, log: Log, alarms: Alarms): void {
  switch (event.type) {
    case 'groupCommit':
      metrics.committed(event.commands, event.durationMs)
      return
    case 'damagedRow':
      alarms.integrity({ ...event, projectId: null })
      return
    case 'checkpoint':
      metrics.checkpointed(event.mode, event.isBusy)
      return
    case 'connectionOpened':
      log.debug({ by: event.by }, 'a database connection was opened')
      return
    case 'connectionLost':
      if (event.reason === 'closed') return
      metrics.databaseTroubled('connectionLost')
      if (/^SQLITE_(CORRUPT|NOTADB)/.test(event.reason)) {
        log.fatal({ by: event.by, reason: event.reason }, 'the database file is damaged')
        return
      }
      log.error({ by: event.by, reason: event.reason }, 'a database connection was given up')
      return
    case 'serverUnreachable':
      metrics.databaseTroubled('serverUnreachable')
      log.error({ reason: event.reason }, 'the database server cannot be reached')
      return
    case 'serverReached':
      log.info({}, 'the database server is reached again')
      return
    case 'changeRetried':
      metrics.databaseTroubled('changeRetried')
      log.debug({ command: event.command, reason: event.reason }, 'a change is tried again')
      return
    case 'weakDurability':
      log.warn(
        { setting: event.setting, found: event.found, wanted: event.wanted },
        'the database server may lose in a crash what it has acknowledged',
      )
      return
    case 'writerDied':
      metrics.databaseTroubled('writerDied')
      log.error({ reason: event.reason, restartInMs: event.restartInMs }, 'the writer thread died')
  }
}

function observeKeyring(event: KeyringEvent, metrics: Metrics, log: Log): void {
  switch (event.kind) {
    case 'lookup':
      metrics.projectKeyLookedUp(event.outcome)
      return
    case 'kekCall':
      metrics.keks.called(event)
      return
    case 'hsmLost':
      metrics.keks.hsmLost(event.store)
      log.warn(
        { store: event.store, reason: event.reason },
        'a process that talks to an HSM was given up',
      )
      return
    case 'hsmAwaited':
      log.warn({ store: event.store, reason: event.reason }, 'the token of an HSM is not there yet')
      return
    case 'hsmOpened':
      log.info({ store: event.store }, 'the token of an HSM is open')
      return
    case 'kekStoreAway':
      metrics.keks.storeIsUp(event.store, false)
      log.error(
        { store: event.store, error: asError(event.cause) },
        'a KEK store does not answer: what is in memory goes on, everything else gets 503',
      )
      return
    case 'kekStoreBack':
      metrics.keks.storeIsUp(event.store, true)
      log.info({ store: event.store }, 'the KEK store answers again')
      return
    case 'newTerm':
      metrics.projectKeyTermBegan(event.reason)
      log.info(
        { projectId: event.projectId, store: event.store, term: event.term, reason: event.reason },
        'a project key was made',
      )
  }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause))
}

function observeOrders(event: OrderEvent, metrics: Metrics, log: Log): void {
  switch (event.type) {
    case 'looked':
      metrics.ordersWait(event.waiting)
      return
    case 'made':
      metrics.keyPairMade(event.durationMs)
      log.info({ orderId: event.orderId, durationMs: event.durationMs }, 'a key pair was made')
      return
    case 'failed':
      metrics.keyPairOrder('failed')
      log.error({ orderId: event.orderId, reason: event.reason }, 'an order ended in ERROR')
      return
    case 'lost':
      metrics.keyPairOrder('lost')
      log.info({ orderId: event.orderId }, 'an order was deleted or taken while it was worked on')
      return
    case 'released':
      metrics.keyPairOrder('released')
      if (event.error === undefined) log.info({ orderId: event.orderId }, 'an order was given back')
      else log.warn({ orderId: event.orderId, error: event.error }, 'an order is tried again later')
      return
    case 'parked':
      metrics.keyPairOrder('parked')
      log.error({ orderId: event.orderId, error: event.error }, 'an order is left for an operator')
      return
    case 'freed':
      log.warn({ owner: event.owner }, 'orders of a process that died are taken over')
      return
    case 'blocked':
      log.warn({ error: event.error }, 'the queue of orders cannot be worked on now')
  }
}

function observeCertificateEnding({ days, ...ending }: CertificateEnding, log: Log): void {
  const { secretId, projectId, notAfter } = ending
  const fields = { secretId, projectId, until: wireTime(notAfter), days }
  if (days === 0) log.warn(fields, 'a stored certificate is not valid any more')
  else if (days === 1) log.warn(fields, 'a stored certificate ends within a day')
  else log.warn(fields, 'a stored certificate ends soon')
}
