import type { OrphanedStore, SecretStoreRow } from '../../domain/ports/projectRepositories.ts'
import type { ProjectId, SecretStoreId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Dialect } from '../dialect.ts'
import { number } from '../rows/column.ts'
import { rowOfSecretStore, SECRET_STORE_COLUMNS, secretStoreOfRow } from '../rows/secretStoreRow.ts'
import type { Statements } from '../statement.ts'

export const SECRET_STORES = `select ${SECRET_STORE_COLUMNS.join(', ')} from secret_stores`

type Declared = Omit<SecretStoreRow, 'updatedAt'>

export function* synchronizeSecretStores(
  dialect: Dialect,
  declared: readonly Declared[],
): Statements<readonly OrphanedStore[]> {
  const present = yield {
    sql: `${SECRET_STORES} order by secret_stores.suffix${dialect.forUpdate}`,
    params: [],
  }
  const stored = present.rows.map(secretStoreOfRow)
  const vanished = stored.filter(({ suffix }) => declared.every((it) => it.suffix !== suffix))
  const orphaned = yield* stillPreferred(vanished)
  if (orphaned.length > 0) return orphaned
  for (const { id } of vanished) {
    yield { sql: 'delete from secret_stores where secret_stores.id = ?', params: [id] }
  }
  for (const store of declared) yield* declare(dialect, store, stored)
  return []
}

function* stillPreferred(vanished: readonly SecretStoreRow[]): Statements<OrphanedStore[]> {
  const orphaned: OrphanedStore[] = []
  for (const { id, suffix } of vanished) {
    const { rows } = yield {
      sql:
        'select count(*) as projects from preferred_secret_stores ' +
        'where preferred_secret_stores.secret_store_id = ?',
      params: [id],
    }
    const projects = rows[0] === undefined ? 0 : number(rows[0], 'projects')
    if (projects > 0) orphaned.push({ suffix, projects })
  }
  return orphaned
}

function* declare(
  dialect: Dialect,
  store: Declared,
  stored: readonly SecretStoreRow[],
): Statements<void> {
  const present = stored.find(({ suffix }) => suffix === store.suffix)
  if (present === undefined) {
    const row = rowOfSecretStore({ ...store, updatedAt: store.createdAt })
    // Another node may have been faster: its id counts.
    yield {
      sql: dialect.insertOrKeep('secret_stores', Object.keys(row)),
      params: Object.values(row),
    }
  } else if (present.isGlobalDefault !== store.isGlobalDefault) {
    yield {
      sql: 'update secret_stores set global_default = ?, updated_at = ? where secret_stores.id = ?',
      params: [Number(store.isGlobalDefault), store.createdAt, present.id],
    }
  }
}

export function* preferSecretStore(
  dialect: Dialect,
  projectId: ProjectId,
  id: SecretStoreId,
  now: Timestamp,
): Statements<'changed' | 'gone'> {
  const { rows } = yield {
    sql: `select secret_stores.id from secret_stores where secret_stores.id = ?${dialect.forShare}`,
    params: [id],
  }
  if (rows.length === 0) return 'gone'
  const { changes } = yield {
    sql: dialect.insertOrKeep('preferred_secret_stores', [
      'project_id',
      'secret_store_id',
      'created_at',
      'updated_at',
    ]),
    params: [projectId, id, now, now],
  }
  if (changes > 0) return 'changed'
  yield {
    sql:
      'update preferred_secret_stores set secret_store_id = ?, updated_at = ? ' +
      'where preferred_secret_stores.project_id = ?',
    params: [id, now, projectId],
  }
  return 'changed'
}

export function* removeSecretStorePreference(
  _dialect: Dialect,
  projectId: ProjectId,
): Statements<'changed' | 'absent'> {
  const { changes } = yield {
    sql: 'delete from preferred_secret_stores where preferred_secret_stores.project_id = ?',
    params: [projectId],
  }
  return changes === 0 ? 'absent' : 'changed'
}
