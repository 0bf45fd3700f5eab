import type { QuotaResource } from '../../model/quota.ts'
import {
  type ProjectKeyId,
  projectKeyIdOfEnvelope,
  projectKeyIdOfRowMac,
} from '../../model/sealedForms.ts'
import type { Dialect } from '../dialect.ts'
import { numberOrNull } from '../rows/column.ts'
import type { Row, Statements } from '../statement.ts'

interface Sealed {
  readonly rowMac: Uint8Array | null
  readonly envelope?: Uint8Array | null
}

/**
 * Locks the project keys that sealed what is about to be written; false when one is gone or on its way
 * out. Whoever destroys a key counts its users under the same lock, so nothing is ever left behind that
 * no key opens.
 */
export function* projectKeysInUse(
  dialect: Dialect,
  records: readonly Sealed[],
): Statements<boolean> {
  return (yield* lockedKeys(dialect, records, '')) !== undefined
}

/**
 * The same for a record about to be counted: brings along what its project has set as quota, so that
 * where there is no limit, quotas cost no statement.
 */
export function* projectQuotaWithKeys(
  dialect: Dialect,
  records: readonly Sealed[],
  resource: QuotaResource,
): Statements<{ readonly ofProject: number | null } | 'keyGone'> {
  const quota =
    `, (select project_quotas.${resource} from project_quotas ` +
    'where project_quotas.project_id = project_keys.project_id) as quota'
  const row = yield* lockedKeys(dialect, records, quota)
  return row === undefined ? 'keyGone' : { ofProject: numberOrNull(row, 'quota') }
}

/** The row of the last of them: they are all of one project. */
function* lockedKeys(
  dialect: Dialect,
  records: readonly Sealed[],
  furtherColumns: string,
): Statements<Row | undefined> {
  let found: Row | undefined
  for (const id of projectKeyIdsOf(records)) {
    const { rows } = yield {
      sql: `select project_keys.state${furtherColumns} from project_keys where project_keys.id = ?${dialect.forShare}`,
      params: [id],
    }
    found = rows[0]
    const state = found?.['state']
    if (state === undefined || state === 'destroying') return undefined
  }
  return found
}

/** The keys that sealed these records, each once. */
export function projectKeyIdsOf(records: readonly Sealed[]): readonly ProjectKeyId[] {
  const ids: ProjectKeyId[] = []
  const add = (id: ProjectKeyId): void => {
    if (!ids.some((known) => Buffer.compare(known, id) === 0)) ids.push(id)
  }
  for (const { rowMac, envelope } of records) {
    if (rowMac === null) throw new Error('A record without a MAC is never stored.')
    add(projectKeyIdOfRowMac(rowMac))
    if (envelope !== null && envelope !== undefined) add(projectKeyIdOfEnvelope(envelope))
  }
  return ids
}
