import type { Settings } from '../config/settingsTable.ts'
import { parseDatabaseUrl } from '../db/databaseLocation.ts'
import type { LeaseRepository } from '../domain/ports/leases.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { newOwnerName } from '../lib/ownerName.ts'
import { Housekeeper } from '../worker/housekeeper.ts'
import { type LeaseEvent, LeaseKeeper } from '../worker/leaseKeeper.ts'
import type { Api } from './api.ts'
import type { Watch } from './watch.ts'

interface Parts {
  readonly leases: LeaseRepository
  readonly purges: Api['purges']
  readonly certificateWatch: Api['certificateWatch']
  readonly watch: Watch
  readonly clock: Clock
  readonly log: Log
  /** Returns when the time is over, or sooner once the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
}

interface Housekeeping {
  start(): void
  stop(): Promise<void>
}

const LEASE = 'housekeeping'

/** Housekeeping as this database wants it: on one node at a time, where there may be several. */
export function composeHousekeeping(
  { housekeeping, database }: Settings,
  { leases, purges, certificateWatch, watch, clock, log, wait }: Parts,
): Housekeeping {
  const housekeeper = new Housekeeper({
    ...purges,
    certificates: certificateWatch,
    clock,
    intervalSeconds: housekeeping.interval,
    keepExpired: housekeeping.keep_expired_secrets,
    keepTombstones: housekeeping.keep_tombstones,
    wait,
    onCertificateEnding: watch.onCertificateEnding,
    onCertificates: watch.onCertificates,
    ...watch.housekeeping,
  })
  if (housekeeping.interval === 0) return { start() {}, async stop() {} }
  // Its one server need not ask, and each beat would be a write to the disk.
  if (parseDatabaseUrl(database.connection).kind === 'sqlite') return housekeeper
  const keeper = new LeaseKeeper({
    leases,
    name: LEASE,
    owner: newOwnerName(),
    work: (signal) => housekeeper.workUntil(signal),
    monotonicMs: () => clock.monotonicMs(),
    wait,
    onEvent: (event) => tell(event, log),
  })
  watch.metrics.gauge(
    'gatehouse_housekeeping_holder',
    'Processes here that do the housekeeping of the whole deployment: 1 on one node, 0 on the others.',
    () => Number(keeper.isHolder),
  )
  return keeper
}

function tell(event: LeaseEvent, log: Log): void {
  switch (event.type) {
    case 'taken':
      log.info({}, 'housekeeping is done by this process from now on')
      return
    case 'givenBack':
      log.info({}, 'housekeeping is no longer done by this process')
      return
    case 'lost':
      log.warn({ why: event.why }, 'the lease of housekeeping is lost, the work stops')
      return
    case 'blocked':
      // What ails the database is told where it is noticed.
      log.debug({ error: event.error }, 'the lease of housekeeping cannot be looked at')
  }
}
