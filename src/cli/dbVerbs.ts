import { maskUrl } from '../config/maskUrl.ts'
import type { Settings } from '../config/settingsTable.ts'
import { schemaStatus, upgradeSchema } from '../db/schema.ts'
import { type ExitReason, refusingWith } from './exitCodes.ts'
import { ensureStateFolder } from './stateFolder.ts'

/** `gatehouse db upgrade` */
export async function dbUpgrade(settings: Settings): Promise<string> {
  const url = settings.database.connection
  ensureStateFolder(settings.DEFAULT.state_path)
  const done = await refusingWith('database', async () => {
    if (schemaStatus(url).newer) await refusingWith('newerSchema', () => upgradeSchema(url))
    return upgradeSchema(url)
  })
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
