import { maskUrl } from '../../config/maskUrl.ts'
import { lookAtDatabase } from '../../db/databaseLook.ts'
import { schemaStatus } from '../../db/schema.ts'
import { unfitness } from '../dbVerbs.ts'
import { refusingWith } from '../exitCodes.ts'
import { skewFinding } from './clockSkew.ts'
import { type Check, error, type Finding, fine, warning } from './finding.ts'

const MUCH_LOG_BYTES = 256 * 1024 * 1024

/** Reachable, of the schema of this release, and durable. */
export const databaseCheck: Check = {
  name: 'database',
  async look({ settings, clock }) {
    const url = settings.database.connection
    const place = maskUrl(url)
    const status = await refusingWith('database', () => schemaStatus(url))
    if (status.current === undefined) {
      return [
        warning(
          `There is no database at ${place} yet.`,
          'The first `gatehouse serve` or `gatehouse db upgrade` makes it; where there was one, restore it.',
        ),
      ]
    }
    const unfit = unfitness(status)
    const found = await lookAtDatabase(url, clock)
    const { doubts, skewMs, logBytes } = found
    return [
      unfit === undefined
        ? fine(`${place} answers; its schema is ${status.current}`)
        : error(
            unfit.sentence,
            'Do what it says, with a backup at hand (docs/operations.md, Backup and restore).',
          ),
      ...doubts.map(({ setting, found: value, wanted }) =>
        warning(
          `${setting} is ${value}: a write that was acknowledged may be lost in a power cut.`,
          `Set ${setting} to ${wanted} (docs/databases.md).`,
        ),
      ),
      ...(skewMs === undefined ? [] : [skewFinding('the database', skewMs)]),
      ...logFinding(logBytes),
    ]
  },
}

function logFinding(bytes: number | undefined): readonly Finding[] {
  if (bytes === undefined || bytes < MUCH_LOG_BYTES) return []
  return [
    warning(
      `The write-ahead log holds ${Math.floor(bytes / 1024 / 1024)} MiB: it is not emptied, and deleted keys stay in it.`,
      'Look for a process that holds a read open on the database, such as a copy of it being made.',
    ),
  ]
}
