import { maskUrl } from '../config/maskUrl.ts'
import type { Settings } from '../config/settingsTable.ts'
import type { SchemaStatus } from '../db/knownSchema.ts'
import { schemaStatus, upgradeSchema } from '../db/schema.ts'
import { synchronizeStores } from '../domain/synchronizeStores.ts'
import { systemClock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { databaseOfSettings } from './databaseOfSettings.ts'
import { EXIT_CODES, type ExitReason, refusingWith } from './exitCodes.ts'
import { ensureStateFolder } from './stateFolder.ts'
import { storePlanOfSettings } from './storePlanOfSettings.ts'

/** `gatehouse db upgrade` */
export async function dbUpgrade(settings: Settings): Promise<string> {
  const url = settings.database.connection
  ensureStateFolder(settings.DEFAULT.state_path)
  const refusal = unfitness(await refusingWith('database', () => schemaStatus(url)))
  if (refusal?.reason === 'newerSchema') throw refused(refusal)
  const done = await refusingWith('database', () => upgradeSchema(url))
  return done.length === 0
    ? `${maskUrl(url)} has the schema of this release already.`
    : `${maskUrl(url)} was upgraded: ${done.join(', ')}.`
}

/** `gatehouse db status` */
export async function dbStatus(settings: Settings): Promise<SchemaReport> {
  const url = settings.database.connection
  return reportSchema(maskUrl(url), await refusingWith('database', () => schemaStatus(url)))
}

/** `barbican-manage db sync_secret_stores`: what every start does as well. */
export async function dbSyncSecretStores(settings: Settings): Promise<string> {
  const plan = storePlanOfSettings(settings)
  if (!plan.isEnabled) return 'Several secret stores are not enabled: there is nothing to do.'
  ensureStateFolder(settings.DEFAULT.state_path)
  await refuseUnfitSchema(settings)
  const clock = systemClock()
  // Loaded here alone: the other verbs should answer at once.
  const { openDatabase } = await import('../db/database.ts')
  const database = await refusingWith('database', () =>
    openDatabase({ ...databaseOfSettings(settings), clock }),
  )
  try {
    await refusingWith('settings', () =>
      synchronizeStores({ plan, stores: database.secretStores, clock }),
    )
    const stores = await database.secretStores.list()
    return stores.map(({ suffix, id }) => `${suffix}  ${id}`).join('\n')
  } finally {
    await database.close()
  }
}

interface SchemaReport {
  readonly text: string
  readonly reason: ExitReason
}

export function reportSchema(database: string, status: SchemaStatus): SchemaReport {
  const lines = [
    `database  ${database}`,
    `schema    ${status.current ?? 'none yet: the first `gatehouse serve` or `gatehouse db upgrade` makes it'}`,
    `release   ${status.latest}`,
  ]
  const refusal = unfitness(status)
  if (refusal === undefined) {
    return { text: [...lines, 'verdict   nothing to do'].join('\n'), reason: 'done' }
  }
  const pending = status.newer ? [] : [`pending   ${status.pending.join(', ')}`]
  return {
    text: [...lines, ...pending, `verdict   ${refusal.sentence}`].join('\n'),
    reason: refusal.reason,
  }
}

/** Before a start: a schema this release cannot work on has exit codes of its own. */
export async function refuseUnfitSchema(settings: Settings): Promise<void> {
  const status = await refusingWith('database', () => schemaStatus(settings.database.connection))
  const refusal = unfitness(status)
  if (refusal !== undefined) throw refused(refusal)
}

interface Unfitness {
  readonly reason: 'newerSchema' | 'pendingSchema'
  readonly sentence: string
}

/** Why this release cannot start on it; an empty database is no obstacle. */
export function unfitness(status: SchemaStatus): Unfitness | undefined {
  const { current, latest, pending, newer } = status
  if (newer) {
    const sentence =
      `The database has the schema of a newer release (${current}); this one knows ${latest}: ` +
      'start the newer release, or restore the backup from before its upgrade.'
    return { reason: 'newerSchema', sentence }
  }
  if (current === undefined || pending.length === 0) return undefined
  const sentence =
    `The database has the schema ${current}, this release needs ${latest}: ` +
    'make a backup, then run `gatehouse db upgrade`.'
  return { reason: 'pendingSchema', sentence }
}

export function refused({ reason, sentence }: Unfitness): StartupRefusal {
  return new StartupRefusal(sentence, { exitCode: EXIT_CODES[reason].code })
}
