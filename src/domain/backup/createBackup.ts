import type { Clock } from '../../lib/clock.ts'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import type { BackupHead, BackupPart, BackupSealer, BackupSource } from '../ports/backup.ts'
import { encodeParts, type TableSum } from './rowStream.ts'

export interface CreateBackupParts {
  readonly source: BackupSource
  readonly sealer: BackupSealer
  readonly clock: Clock
  readonly onRows: (rows: number) => void
}

export interface BackupInTheMaking {
  readonly head: BackupHead
  /** The bytes of the file, made while they are taken. */
  readonly file: AsyncIterable<Uint8Array>
  /** What went into it; whole when the file is. */
  readonly sums: readonly TableSum[]
}

/** @throws StartupRefusal for a database that never served */
export function createBackup({
  source,
  sealer,
  clock,
  onRows,
}: CreateBackupParts): BackupInTheMaking {
  const { deploymentId, schema } = source
  if (deploymentId === undefined) {
    throw new StartupRefusal('The database has no deployment id: no server has used it yet.')
  }
  const head = { deploymentId, schema, createdAt: clock.now() }
  const sums: TableSum[] = []
  const content = encodeParts(counted(source.parts(), onRows), (sum) => void sums.push(sum))
  return { head, file: sealer.seal(head, content), sums }
}

export async function* counted(
  parts: AsyncIterable<BackupPart>,
  onRows: (rows: number) => void,
): AsyncGenerator<BackupPart> {
  for await (const part of parts) {
    yield part
    if (part.kind === 'rows') onRows(part.rows.length)
  }
}
