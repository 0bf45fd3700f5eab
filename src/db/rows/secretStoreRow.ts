import type { SecretStoreRow } from '../../domain/ports/projectRepositories.ts'
import type { SecretStoreId } from '../../lib/ids.ts'
import type { Row, SqlValue } from '../statement.ts'
import { number, text, time } from './column.ts'

export const SECRET_STORE_COLUMNS = [
  'secret_stores.id',
  'secret_stores.suffix',
  'secret_stores.global_default',
  'secret_stores.created_at',
  'secret_stores.updated_at',
] as const

export function secretStoreOfRow(row: Row): SecretStoreRow {
  return {
    id: text(row, 'id') as SecretStoreId,
    suffix: text(row, 'suffix'),
    isGlobalDefault: number(row, 'global_default') !== 0,
    createdAt: time(row, 'created_at'),
    updatedAt: time(row, 'updated_at'),
  }
}

export function rowOfSecretStore(store: SecretStoreRow): Readonly<Record<string, SqlValue>> {
  return {
    id: store.id,
    suffix: store.suffix,
    global_default: Number(store.isGlobalDefault),
    created_at: store.createdAt,
    updated_at: store.updatedAt,
  }
}
