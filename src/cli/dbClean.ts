import { setTimeout } from 'node:timers/promises'
import { maskUrl } from '../config/maskUrl.ts'
import type { Settings } from '../config/settingsTable.ts'
import { openDatabase } from '../db/database.ts'
import { SqlPurgeRepository } from '../db/purgeRepository.ts'
import { schemaStatus } from '../db/schema.ts'
import { NOTHING_PURGED, type PurgeOrder, TombstonePurge, timeBefore } from '../domain/purge.ts'
import { systemClock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import { databaseOfSettings } from './databaseOfSettings.ts'
import { refuseUnfitSchema } from './dbVerbs.ts'
import { EXIT_CODES, type ExitReason, refusingWith } from './exitCodes.ts'
import { lookInto } from './lookInto.ts'
import { secretPurgeOf } from './secretPurge.ts'
import type { Asking } from './shareInput.ts'

export interface CleanRequest {
  /** How many days ago it must be over; undefined: as `[housekeeping]` says; 0 or less: now. */
  readonly minDays: number | undefined
  /** Expired secrets go, too. */
  readonly withExpired: boolean
  readonly isDryRun: boolean
  readonly batchSize: number
  /** How far it is, a line for each batch. */
  readonly tell: (line: string) => void
  /** For the shares of a sealed keyring. */
  readonly asking: Asking
}

interface Report {
  readonly text: string
  readonly reason: ExitReason
}

/** What was over by then goes; undefined: none does. */
interface Ends {
  readonly secrets: Timestamp | undefined
  /** Asked again when it is their turn: `-e -m 0` takes the tombstones of its own secrets along (Q51). */
  tombstones(): Timestamp | undefined
}

/** A server at work writes between two batches. */
const PAUSE_MS = 20
const SECONDS_PER_DAY = 86_400

/** `gatehouse db clean`: housekeeping by hand, beside a running server or without one. */
export async function dbClean(settings: Settings, request: CleanRequest): Promise<Report> {
  const url = settings.database.connection
  const ends = endsOf(settings, request)
  const { current } = await refusingWith('database', () => schemaStatus(url))
  if (current === undefined) {
    return { text: `There is no database at ${maskUrl(url)} yet.`, reason: 'done' }
  }
  await refuseUnfitSchema(settings)
  return refusingWith('database', () =>
    request.isDryRun ? look(url, ends) : clean(settings, ends, request),
  )
}

function endsOf({ housekeeping }: Settings, { minDays, withExpired }: CleanRequest): Ends {
  const clock = systemClock()
  const endOf = (kept: number | 'forever'): Timestamp | undefined => {
    if (minDays !== undefined) return timeBefore(clock, Math.max(0, minDays) * SECONDS_PER_DAY)
    return kept === 'forever' ? undefined : timeBefore(clock, kept)
  }
  const secrets = withExpired ? endOf(housekeeping.keep_expired_secrets) : undefined
  if (withExpired && secrets === undefined) {
    const message =
      '[housekeeping] keep_expired_secrets is forever: --min-days says how long ago they must have expired.'
    throw new StartupRefusal(message, { exitCode: EXIT_CODES.usage.code })
  }
  return { secrets, tombstones: () => endOf(housekeeping.keep_tombstones) }
}

/** Changes nothing, and needs no key. */
async function look(url: string, ends: Ends): Promise<Report> {
  return lookInto(url, systemClock(), async (glass) => {
    const purge = new SqlPurgeRepository(glass)
    const until = ends.tombstones()
    const secrets = ends.secrets === undefined ? 0 : await purge.countExpired(ends.secrets)
    const tombstones = until === undefined ? 0 : await purge.countTombstones(until)
    const lines = [
      reportLine('expired secrets', ends.secrets, `${secrets} would be removed`),
      reportLine('tombstones', until, `${tombstones} would be removed`),
    ]
    return { text: lines.join('\n'), reason: 'done' }
  })
}

async function clean(settings: Settings, ends: Ends, request: CleanRequest): Promise<Report> {
  const findings: string[] = []
  let isLogEmpty = false
  const database = await openDatabase({
    ...databaseOfSettings(settings),
    clock: systemClock(),
    onEvent: (event) => {
      if (event.type === 'damagedRow') findings.push(`${event.kind} ${event.id}: ${event.what}`)
      if (event.type === 'checkpoint') isLogEmpty = event.mode === 'truncate' && !event.isBusy
    },
  })
  let secrets = NOTHING_PURGED
  let tombstones = NOTHING_PURGED
  let until: Timestamp | undefined
  try {
    const waiting = ends.secrets === undefined ? 0 : await database.purge.countExpired(ends.secrets)
    if (ends.secrets !== undefined && waiting > 0) {
      const alarms = {
        integrity: (found: { readonly kind: string; readonly id: string; readonly what: string }) =>
          void findings.push(`${found.kind} ${found.id}: ${found.what}`),
      }
      const { purge, close } = await secretPurgeOf(settings, database, alarms, request.asking)
      try {
        const order = orderOf(ends.secrets, request, `of ${waiting} expired secrets`)
        secrets = await purge.run(order)
      } finally {
        await close()
      }
    }
    until = ends.tombstones()
    if (until !== undefined) {
      const total = await database.purge.countTombstones(until)
      const order = orderOf(until, request, `of ${total} tombstones`)
      tombstones = await new TombstonePurge(database.purge).run(order)
    }
  } finally {
    // Empties the log: what a destroyed key leaves there is gone with it.
    await database.close()
  }
  const lines = [
    reportLine('expired secrets', ends.secrets, `${secrets.removed} removed`),
    reportLine('tombstones', until, `${tombstones.removed} removed`),
  ]
  if (secrets.removed > 0) lines.push(isLogEmpty ? LOG_EMPTIED : LOG_BUSY)
  const { damaged, waiting } = secrets
  if (waiting > 0) lines.push(`waiting          ${waiting} left: their KEK store is away or sealed`)
  if (damaged === 0 && waiting > 0) return { text: lines.join('\n'), reason: 'kekStoreAway' }
  if (damaged === 0) return { text: lines.join('\n'), reason: 'done' }
  const left = `damaged          ${damaged} left for somebody to look into:`
  lines.push(left, ...findings.map((finding) => `  ${finding}`))
  return { text: lines.join('\n'), reason: 'refused' }
}

const LOG_EMPTIED = 'log              emptied; the destroyed keys are gone from it'
const LOG_BUSY =
  'log              held by a reader such as a backup: the destroyed keys leave it with the next\n' +
  '                 deletion that the server makes, or when the server starts'

function orderOf(before: Timestamp, { batchSize, tell }: CleanRequest, ofWhat: string): PurgeOrder {
  return {
    before,
    batchSize,
    onBatch: ({ removed }) => tell(`${removed} ${ofWhat} removed`),
    goesOn: async () => {
      await setTimeout(PAUSE_MS)
      return true
    },
  }
}

function reportLine(what: string, end: Timestamp | undefined, count: string): string {
  const since = what === 'tombstones' ? 'deleted' : 'expired'
  const said =
    end === undefined ? 'not looked at' : `${count} (${since} until ${end.slice(0, 19)} UTC)`
  return `${what.padEnd(16)} ${said}`
}
