import { maskUrl } from '../config/maskUrl.ts'
import type { Settings } from '../config/settingsTable.ts'
import { schemaStatus, upgradeSchema } from '../db/schema.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { EXIT_CODES, type ExitReason, refusingWith } from './exitCodes.ts'
import { ensureStateFolder } from './stateFolder.ts'

/** `gatehouse db upgrade` */
export async function dbUpgrade(settings: Settings): Promise<string> {
  const url = settings.database.connection
  ensureStateFolder(settings.DEFAULT.state_path)
  await refuseNewerSchema(url)
  const done = await refusingWith('database', () => upgradeSchema(url))
  return done.length === 0
    ? `${maskUrl(url)} has the schema of this release already.`
    : `${maskUrl(url)} was upgraded: ${done.join(', ')}.`
}

/** `gatehouse db status` */
export async function dbStatus(
  settings: Settings,
): Promise<{ readonly text: string; readonly reason: ExitReason }> {
  const url = settings.database.connection
  const status = await refusingWith('database', () => schemaStatus(url))
  const lines = [
    `database  ${maskUrl(url)}`,
    `schema    ${status.current ?? 'none yet: the first `gatehouse serve` or `gatehouse db upgrade` makes it'}`,
    `release   ${status.latest}`,
  ]
  if (status.newer) {
    lines.push('verdict   upgraded by a newer release: this one does not start on it')
    return { text: lines.join('\n'), reason: 'newerSchema' }
  }
  if (status.current !== undefined && status.pending.length > 0) {
    lines.push(`pending   ${status.pending.join(', ')}`)
    lines.push('verdict   make a backup, then run `gatehouse db upgrade`')
    return { text: lines.join('\n'), reason: 'pendingSchema' }
  }
  lines.push('verdict   nothing to do')
  return { text: lines.join('\n'), reason: 'done' }
}

/** Before a start: a schema this release cannot work on has exit codes of its own. */
export async function refuseUnfitSchema(settings: Settings): Promise<void> {
  const url = settings.database.connection
  const { current, latest, pending } = await refuseNewerSchema(url)
  if (current === undefined || pending.length === 0) return
  throw new StartupRefusal(
    `The database has the schema ${current}, this release needs ${latest}: make a backup, then run \`gatehouse db upgrade\`.`,
    { exitCode: EXIT_CODES.pendingSchema.code },
  )
}

async function refuseNewerSchema(url: string) {
  const status = await refusingWith('database', () => schemaStatus(url))
  if (!status.newer) return status
  throw new StartupRefusal(
    `The database has the schema of a newer release (${status.current}); this one knows ${status.latest}: ` +
      'start the newer release, or restore the backup from before its upgrade.',
    { exitCode: EXIT_CODES.newerSchema.code },
  )
}
