import type { SecretId } from '../../lib/ids.ts'
import type { Dialect } from '../dialect.ts'
import { insertInto } from '../insertInto.ts'
import type { Statements } from '../statement.ts'

export function* replaceSecretMetadata(
  dialect: Dialect,
  id: SecretId,
  entries: ReadonlyMap<string, string>,
): Statements<'changed' | 'gone'> {
  if (!(yield* secretIsHeld(id, dialect.forUpdate))) return 'gone'
  yield { sql: 'delete from secret_metadata where secret_metadata.secret_id = ?', params: [id] }
  yield* writeWhatAllWrite(id)
  for (const [key, value] of entries) {
    yield insertInto('secret_metadata', { secret_id: id, meta_key: key, meta_value: value })
  }
  return 'changed'
}

export function* addSecretMetadata(
  dialect: Dialect,
  id: SecretId,
  key: string,
  value: string,
): Statements<'changed' | 'exists' | 'gone'> {
  if (!(yield* secretIsHeld(id, dialect.forShare))) return 'gone'
  const { changes } = yield {
    sql: dialect.insertOrKeep('secret_metadata', ['secret_id', 'meta_key', 'meta_value']),
    params: [id, key, value],
  }
  return changes === 0 ? 'exists' : 'changed'
}

export function* setSecretMetadata(
  _dialect: Dialect,
  id: SecretId,
  key: string,
  value: string,
): Statements<'changed' | 'absent'> {
  const { changes } = yield {
    sql:
      'update secret_metadata set meta_value = ? ' +
      'where secret_metadata.secret_id = ? and secret_metadata.meta_key = ?',
    params: [value, id, key],
    isAlone: true,
  }
  return changes === 0 ? 'absent' : 'changed'
}

export function* removeSecretMetadata(
  _dialect: Dialect,
  id: SecretId,
  key: string,
): Statements<void> {
  yield {
    sql:
      'delete from secret_metadata ' +
      'where secret_metadata.secret_id = ? and secret_metadata.meta_key = ?',
    params: [id, key],
    isAlone: true,
  }
}

/**
 * Two nodes that replace what was empty would change no row in common, and on Galera, where a lock is its
 * node's own, both would stay. So each writes this one, which nobody ever sees (ADR 0032).
 */
function* writeWhatAllWrite(id: SecretId): Statements<void> {
  yield insertInto('secret_metadata', { secret_id: id, meta_key: '', meta_value: '' })
  yield {
    sql: "delete from secret_metadata where secret_metadata.secret_id = ? and secret_metadata.meta_key = ''",
    params: [id],
  }
}

/** The secret must not go before its metadata is in. */
function* secretIsHeld(id: SecretId, lock: string): Statements<boolean> {
  const { rows } = yield {
    sql: `select secrets.id from secrets where secrets.id = ?${lock}`,
    params: [id],
  }
  return rows.length > 0
}
