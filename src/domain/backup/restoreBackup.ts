import { StartupRefusal } from '../../lib/startupRefusal.ts'
import type { BackupTarget, OpenedBackup } from '../ports/backup.ts'
import { counted } from './createBackup.ts'
import { decodeParts, encodeParts, type TableSum } from './rowStream.ts'

/** Reads a backup to its end. @returns what each table came to; @throws StartupRefusal when it is not whole */
export async function readBackup(backup: OpenedBackup): Promise<readonly TableSum[]> {
  const sums: TableSum[] = []
  for await (const part of decodeParts(backup.content)) if (part.kind === 'sum') sums.push(part)
  return sums
}

export interface RestoreBackupParts {
  readonly backup: OpenedBackup
  readonly target: BackupTarget
  /** Told once all is written, with the number of rows, and then of those that were read back. */
  readonly onWritten: (rows: number) => void
  readonly onReadBack: (rows: number) => void
}

/**
 * Writes a whole backup, reads it back from the database, and commits only when that is equal: what
 * was damaged, cut short or stored otherwise leaves the database as empty as it was.
 */
export async function restoreBackup(parts: RestoreBackupParts): Promise<readonly TableSum[]> {
  const { backup, target, onWritten, onReadBack } = parts
  const wanted: TableSum[] = []
  for await (const part of decodeParts(backup.content)) {
    if (part.kind === 'sum') wanted.push(part)
    else await target.add(part)
  }
  onWritten(rowsIn(wanted))
  const found: TableSum[] = []
  for await (const _ of encodeParts(counted(target.parts(), onReadBack), (s) => found.push(s))) {
    // Only the sums are of interest.
  }
  refuseDifference(wanted, found)
  await target.commit()
  return wanted
}

export function rowsIn(sums: readonly TableSum[]): number {
  return sums.reduce((rows, sum) => rows + sum.rows, 0)
}

function refuseDifference(wanted: readonly TableSum[], found: readonly TableSum[]): void {
  for (const [index, { name, rows, digest }] of wanted.entries()) {
    const back = found[index]
    if (back?.rows === rows && Buffer.compare(back.digest, digest) === 0) continue
    throw new StartupRefusal(
      `What the database gives back of ${name} is not what the backup holds: nothing was restored.`,
    )
  }
}
