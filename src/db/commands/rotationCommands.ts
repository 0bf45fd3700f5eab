import type { WrappedKey } from '../../domain/ports/crypto.ts'
import type { JobStep } from '../../domain/ports/jobs.ts'
import type { RewrapOutcome, RewrappedRecord } from '../../domain/ports/rotation.ts'
import type { ProjectId } from '../../lib/ids.ts'
import type { WalkedKind } from '../../model/job.ts'
import type { ProjectKeyId } from '../../model/sealedForms.ts'
import type { Dialect } from '../dialect.ts'
import { bytes, text } from '../rows/column.ts'
import type { Row, Statement, Statements } from '../statement.ts'
import { isStepOurs, writeStep } from './jobCommands.ts'
import { projectKeysInUse } from './projectKeysInUse.ts'
import { isStillTheSame } from './protectedRow.ts'

export const TABLES = {
  secret: 'secrets',
  container: 'containers',
  order: 'orders',
} as const satisfies Record<WalkedKind, string>

/** A term that was wiped with its project holds nothing, and is no key any more. */
export const HOLDS_KEY = 'length(project_keys.wrapped) > 0'

export function* rewrapRecords(
  dialect: Dialect,
  step: JobStep,
  records: readonly RewrappedRecord[],
): Statements<RewrapOutcome> {
  if (!(yield* isStepOurs(dialect, step))) return 'lost'
  const sealed = records.map(({ rowMac, sealed: envelope }) => ({ rowMac, envelope }))
  if (sealed.length > 0 && !(yield* projectKeysInUse(dialect, sealed))) return 'keyGone'
  const stale: string[] = []
  for (const [kind, ofKind] of Map.groupBy(records, (record) => record.kind)) {
    const present = yield* lockedRows(dialect, TABLES[kind], ofKind)
    const isFresh = ({ id, verifiedMac }: RewrappedRecord): boolean => {
      const row = present.get(id)
      return row !== undefined && isStillTheSame(row, verifiedMac)
    }
    stale.push(...ofKind.filter((record) => !isFresh(record)).map(({ id }) => id))
    yield* rewriteAll(dialect, kind, ofKind.filter(isFresh))
  }
  yield* writeStep(dialect, step)
  return { stale }
}

/** In the order of ids: two that want some of the same wait for each other, and do not deadlock. */
function* lockedRows(
  dialect: Dialect,
  table: string,
  records: readonly RewrappedRecord[],
): Statements<ReadonlyMap<string, Row>> {
  const ids = records.map(({ id }) => id).toSorted()
  const { rows } = yield {
    sql:
      `select ${table}.id, ${table}.row_mac from ${table} ` +
      `where ${table}.id in (${ids.map(() => '?').join(', ')}) order by ${table}.id${dialect.forUpdate}`,
    params: ids,
  }
  return new Map(rows.map((row) => [text(row, 'id'), row]))
}

/** One statement for a page: sixteen were most of what a page cost a database server, and the loop that talks to it. */
function* rewriteAll(
  dialect: Dialect,
  kind: WalkedKind,
  records: readonly RewrappedRecord[],
): Statements<void> {
  const macs = { name: 'row_mac', of: ({ rowMac }: RewrappedRecord) => rowMac }
  const envelopes = { name: 'envelope', of: ({ sealed }: RewrappedRecord) => sealed }
  const table = TABLES[kind]
  yield* updateById(
    dialect,
    table,
    `${table}.id`,
    records,
    kind === 'secret' ? [macs, envelopes] : [macs],
  )
  if (kind !== 'order') return
  const inputs = { ...envelopes, name: 'sealed_input' }
  const withInput = records.filter(({ sealed }) => sealed !== null)
  yield* updateById(dialect, 'order_tasks', 'order_tasks.order_id', withInput, [inputs])
}

function* updateById(
  dialect: Dialect,
  table: string,
  idColumn: string,
  records: readonly RewrappedRecord[],
  columns: readonly {
    readonly name: string
    readonly of: (record: RewrappedRecord) => Uint8Array | null
  }[],
): Statements<void> {
  if (records.length === 0) return
  const each = ` when ? then ${dialect.placeholder('bytes')}`.repeat(records.length)
  const set = columns.map(({ name }) => `${name} = case ${idColumn}${each} end`).join(', ')
  const ids = records.map(({ id }) => id)
  yield {
    sql: `update ${table} set ${set} where ${idColumn} in (${ids.map(() => '?').join(', ')})`,
    params: [
      ...columns.flatMap(({ of }) => records.flatMap((record) => [record.id, of(record)])),
      ...ids,
    ],
  }
}

export function* rewrapProjectKeys(
  dialect: Dialect,
  step: JobStep,
  keys: readonly {
    readonly id: ProjectKeyId
    readonly before: WrappedKey
    readonly after: WrappedKey
  }[],
): Statements<'lost' | { readonly stale: number }> {
  if (!(yield* isStepOurs(dialect, step))) return 'lost'
  let stale = 0
  for (const { id, before, after } of keys) {
    const { changes } = yield {
      sql:
        'update project_keys set kek_id = ?, wrapped = ? ' +
        'where project_keys.id = ? and project_keys.kek_id = ? and project_keys.wrapped = ?',
      params: [after.kekId, after.blob, id, before.kekId, before.blob],
    }
    if (changes === 0) stale += 1
  }
  yield* writeStep(dialect, step)
  return { stale }
}

/**
 * From here on no new record uses these terms, for whoever writes one asks for their state under a lock; so what uses
 * them can only become less, and may be counted at leisure (ADR 0046).
 */
export function* markProjectKeys(
  dialect: Dialect,
  step: JobStep,
  projectId: ProjectId,
  keptStore: string | undefined,
): Statements<'lost' | number> {
  if (!(yield* isStepOurs(dialect, step))) return 'lost'
  const { rows } = yield {
    sql:
      'select project_keys.id, project_keys.store, project_keys.state from project_keys ' +
      `where project_keys.project_id = ? and ${HOLDS_KEY} order by project_keys.id${dialect.forUpdate}`,
    params: [projectId],
  }
  const active = new Set(
    rows.filter((row) => row['state'] === 'active').map((row) => text(row, 'store')),
  )
  const doomed = rows.filter((row) => {
    if (row['state'] === 'destroying') return false
    const store = text(row, 'store')
    if (keptStore !== undefined && store !== keptStore) return active.has(keptStore)
    return row['state'] === 'decrypt-only' && active.has(store)
  })
  for (const row of doomed) {
    yield {
      sql: "update project_keys set state = 'destroying' where project_keys.id = ?",
      params: [bytes(row, 'id')],
    }
  }
  yield* writeStep(dialect, step)
  return doomed.length
}

const NOTHING = new Uint8Array(0)

export function* destroyMarkedKeys(
  dialect: Dialect,
  step: JobStep,
  ids: readonly ProjectKeyId[],
): Statements<'lost' | number> {
  if (!(yield* isStepOurs(dialect, step))) return 'lost'
  let destroyed = 0
  for (const id of ids) {
    // Overwritten first: what a deletion leaves in a page is then nothing.
    const { changes } = yield {
      sql:
        'update project_keys set wrapped = ? ' +
        `where project_keys.id = ? and project_keys.state = 'destroying' and ${HOLDS_KEY}`,
      params: [NOTHING, id],
    }
    if (changes === 0) continue
    yield { sql: 'delete from project_keys where project_keys.id = ?', params: [id] }
    destroyed += 1
  }
  yield* writeStep(dialect, { ...step, keysDestroyed: destroyed })
  return destroyed
}

export function* unmarkProjectKeys(_dialect: Dialect, projectId: ProjectId): Statements<void> {
  yield unmarking(projectId)
}

function unmarking(projectId: ProjectId): Statement {
  return {
    sql:
      "update project_keys set state = 'decrypt-only' " +
      `where project_keys.project_id = ? and project_keys.state = 'destroying' and ${HOLDS_KEY}`,
    params: [projectId],
    isAlone: true,
  }
}
