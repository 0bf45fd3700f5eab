import { rowsIn } from '../domain/backup/restoreBackup.ts'
import type { TableSum } from '../domain/backup/rowStream.ts'
import type { BackupHead } from '../domain/ports/backup.ts'
import { wireTime } from '../lib/timestamp.ts'

export function headLines({ deploymentId, schema, createdAt }: BackupHead): readonly string[] {
  return [
    `made        ${wireTime(createdAt).slice(0, 19)} UTC`,
    `deployment  ${deploymentId}`,
    `schema      ${schema}`,
  ]
}

export function sumLines(sums: readonly TableSum[]): readonly string[] {
  return [`rows        ${rowsIn(sums)} in ${sums.length} tables`]
}
