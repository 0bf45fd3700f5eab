import type { DeletionSource } from '../../domain/ports/projectDeletions.ts'
import type { DestroyedKey, StoredShredReport } from '../../domain/ports/shredReports.ts'
import type { Row } from '../statement.ts'
import {
  bytes,
  bytesOrNull,
  number,
  projectIdIn,
  text,
  textOrNull,
  time,
  timeOrNull,
} from './column.ts'

export const SHRED_REPORT_COLUMNS = [
  'project_id',
  'started_at',
  'source',
  'noted_at',
  'finished_at',
  'destroyed_keys',
  'secrets',
  'containers',
  'orders',
  'consumers',
  'secret_ids_digest',
  'report',
].map((column) => `shred_reports.${column}`)

export function shredReportOfRow(row: Row): StoredShredReport {
  const report = bytesOrNull(row, 'report')
  return {
    projectId: projectIdIn(row),
    keysDestroyedAt: time(row, 'started_at'),
    source: textOrNull(row, 'source') as DeletionSource | null,
    notedAt: timeOrNull(row, 'noted_at'),
    finishedAt: time(row, 'finished_at'),
    keys: destroyedKeysIn(row),
    secrets: number(row, 'secrets'),
    containers: number(row, 'containers'),
    orders: number(row, 'orders'),
    consumers: number(row, 'consumers'),
    secretIdsDigest: bytes(row, 'secret_ids_digest'),
    report: report === null ? undefined : Buffer.from(report).toString('utf8'),
  }
}

/** Written by us, and signed by us later. */
export function destroyedKeysIn(row: Row): readonly DestroyedKey[] {
  return JSON.parse(Buffer.from(bytes(row, 'destroyed_keys')).toString('utf8')) as DestroyedKey[]
}

export function rowOfDestroyedKeys(keys: readonly DestroyedKey[]): Uint8Array {
  return Buffer.from(JSON.stringify(keys), 'utf8')
}

/** Of a project key whose wrapped bytes are about to go. */
export function destroyedKeyOfRow(row: Row): DestroyedKey {
  return {
    id: Buffer.from(bytes(row, 'id')).toString('hex'),
    store: text(row, 'store'),
    term: number(row, 'term'),
    kekId: text(row, 'kek_id'),
    commitment: Buffer.from(bytes(row, 'commitment')).toString('hex'),
    createdAt: text(row, 'created_at'),
  }
}
