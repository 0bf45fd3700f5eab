import { maskUrl } from '../config/maskUrl.ts'
import type { Settings } from '../config/settingsTable.ts'
import { OpensBackups } from '../crypto/backup/sealedBackup.ts'
import { openBackupTarget } from '../db/backup/backupTarget.ts'
import { restoreBackup } from '../domain/backup/restoreBackup.ts'
import type { TableSum } from '../domain/backup/rowStream.ts'
import type { BackupHead, OpenedBackup } from '../domain/ports/backup.ts'
import { readBackupFile, sizeOfBackup } from './backupFile.ts'
import { type PrivateKeyOptions, privateKeyOf } from './backupKeyFiles.ts'
import { headLines, sumLines } from './backupLines.ts'
import { refusingWith } from './exitCodes.ts'
import type { LongWork } from './longWork.ts'
import { ensureStateFolder } from './stateFolder.ts'

/** `gatehouse backup restore`: into the empty database that the settings name, of whatever kind. */
export async function backupRestore(
  settings: Settings,
  file: string,
  options: PrivateKeyOptions,
  work: LongWork,
): Promise<string> {
  const url = settings.database.connection
  const { head, sums } = await withBackup(file, options, work, (backup) => {
    ensureStateFolder(settings.DEFAULT.state_path)
    return restoreInto(url, backup, work)
  })
  return [
    `restored    ${file} into ${maskUrl(url)}`,
    ...headLines(head),
    ...sumLines(sums),
    'verdict     read back equal; it wants the KEKs of that deployment (`gatehouse kek status`)',
  ].join('\n')
}

export async function withBackup<T>(
  file: string,
  options: PrivateKeyOptions,
  work: LongWork,
  use: (backup: OpenedBackup) => Promise<T>,
): Promise<T> {
  const backup = await refusingWith('backup', async () => {
    const opener = new OpensBackups(await privateKeyOf(options))
    const advance = work.begin('reading the backup', await sizeOfBackup(file))
    return opener.open(readBackupFile(file, advance))
  })
  try {
    return await use(backup)
  } finally {
    await backup.close()
  }
}

export async function restoreInto(
  url: string,
  backup: OpenedBackup,
  work: LongWork,
): Promise<{ readonly head: BackupHead; readonly sums: readonly TableSum[] }> {
  const { head } = backup
  const target = await refusingWith('database', () => openBackupTarget(url, head.schema))
  try {
    let onReadBack = (_rows: number): void => undefined
    const sums = await refusingWith('backup', () =>
      restoreBackup({
        backup,
        target,
        onWritten: (rows) => {
          onReadBack = work.begin('reading it back', rows)
        },
        onReadBack: (rows) => onReadBack(rows),
      }),
    )
    return { head, sums }
  } finally {
    await target.close()
  }
}
