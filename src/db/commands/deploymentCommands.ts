import type { CanaryRow } from '../../domain/ports/keyRepositories.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Dialect } from '../dialect.ts'
import { text } from '../rows/column.ts'
import type { Statements } from '../statement.ts'

export const DEPLOYMENT_ID =
  'select deployment.deployment_id from deployment where deployment.singleton = 1'
export const STORES_IN_USE =
  'select distinct project_keys.store from project_keys order by project_keys.store'
const ANY_PROJECT_KEY = 'select project_keys.id from project_keys limit 1'

export function* establishDeployment(
  dialect: Dialect,
  deploymentId: string,
  createdAt: Timestamp,
): Statements<string | 'holdsProjectKeys'> {
  const present = yield { sql: `${DEPLOYMENT_ID}${dialect.forShare}`, params: [] }
  if (present.rows[0] !== undefined) return text(present.rows[0], 'deployment_id')
  const projectKeys = yield { sql: ANY_PROJECT_KEY, params: [] }
  if (projectKeys.rows.length > 0) return 'holdsProjectKeys'
  yield {
    sql: dialect.insertOrKeep('deployment', ['singleton', 'deployment_id', 'created_at']),
    params: [1, deploymentId, createdAt],
  }
  const inForce = yield { sql: `${DEPLOYMENT_ID}${dialect.forShare}`, params: [] }
  if (inForce.rows[0] === undefined) throw new Error('The deployment id did not stay.')
  return text(inForce.rows[0], 'deployment_id')
}

export function* addKekCanary(dialect: Dialect, canary: CanaryRow): Statements<void> {
  yield {
    sql: dialect.insertOrKeep('kek_canaries', [
      'store',
      'kek_id',
      'wrapped',
      'fingerprint',
      'created_at',
    ]),
    params: [
      canary.store,
      canary.wrapped.kekId,
      canary.wrapped.blob,
      canary.fingerprint,
      canary.createdAt,
    ],
  }
}

/** The first time counts: a retention begins there. null takes it back. */
export function* retireKekCanary(
  _dialect: Dialect,
  store: string,
  kekId: string,
  at: Timestamp | null,
): Statements<void> {
  yield {
    sql:
      'update kek_canaries set retired_at = ? where kek_canaries.store = ? and kek_canaries.kek_id = ?' +
      (at === null ? '' : ' and kek_canaries.retired_at is null'),
    params: [at, store, kekId],
    isAlone: true,
  }
}

/** Only while no project key is under it. */
export function* removeKekCanary(
  dialect: Dialect,
  store: string,
  kekId: string,
): Statements<boolean> {
  const { rows } = yield {
    sql:
      'select project_keys.id from project_keys where project_keys.store = ? ' +
      `and project_keys.kek_id = ? and length(project_keys.wrapped) > 0 limit 1${dialect.forShare}`,
    params: [store, kekId],
  }
  if (rows.length > 0) return false
  yield {
    sql: 'delete from kek_canaries where kek_canaries.store = ? and kek_canaries.kek_id = ?',
    params: [store, kekId],
  }
  return true
}

/** A write that changes nothing and still takes the whole way to the disk. */
export function* proveWritable(_dialect: Dialect): Statements<void> {
  yield {
    sql: 'update deployment set singleton = 1 where deployment.singleton = 1',
    params: [],
    isAlone: true,
  }
}
