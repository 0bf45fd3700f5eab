import type { Settings } from '../config/settingsTable.ts'
import { SealsBackups } from '../crypto/backup/sealedBackup.ts'
import { openBackupSource } from '../db/backup/backupSource.ts'
import { schemaStatus } from '../db/schema.ts'
import { createBackup } from '../domain/backup/createBackup.ts'
import { systemClock } from '../lib/clock.ts'
import { writeBackupFile } from './backupFile.ts'
import { recipientsOf } from './backupKeyFiles.ts'
import { headLines, sumLines } from './backupLines.ts'
import { refused, unfitness } from './dbVerbs.ts'
import { refusingWith } from './exitCodes.ts'
import type { LongWork } from './longWork.ts'

export interface CreateRequest {
  readonly recipient: readonly string[]
  readonly output: string
  readonly force?: boolean
}

/** `gatehouse backup create`: beside a running server or without one, also before an upgrade of the schema. */
export async function backupCreate(
  settings: Settings,
  { recipient, output, force = false }: CreateRequest,
  work: LongWork,
): Promise<string> {
  const recipients = await recipientsOf(recipient)
  const url = settings.database.connection
  const refusal = unfitness(await refusingWith('database', () => schemaStatus(url)))
  if (refusal?.reason === 'newerSchema') throw refused(refusal)
  const source = await refusingWith('database', () => openBackupSource(url))
  try {
    const sealer = new SealsBackups(recipients)
    const clock = systemClock()
    const onRows = work.begin('sealing rows', source.rows)
    const { head, file, sums } = createBackup({ source, sealer, clock, onRows })
    const bytes = await refusingWith('backup', () => writeBackupFile(output, file, force))
    return [
      `backup      ${output}, ${bytes} bytes`,
      ...headLines(head),
      ...recipients.map(({ thumbprint }) => `sealed to   ${thumbprint}`),
      ...sumLines(sums),
    ].join('\n')
  } finally {
    await source.close()
  }
}
