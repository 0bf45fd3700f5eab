import type { WrappedKey } from '../domain/ports/crypto.ts'
import type { JobStep } from '../domain/ports/jobs.ts'
import type { ProjectKeyRow } from '../domain/ports/keyRepositories.ts'
import type {
  KeysOfKek,
  RewrapOutcome,
  RewrappedRecord,
  RotationRepository,
  WalkedRecord,
  WalkPage,
  WholeRecord,
} from '../domain/ports/rotation.ts'
import type { ContainerId, OrderId, ProjectId, SecretId } from '../lib/ids.ts'
import type { JobScope, WalkedKind } from '../model/job.ts'
import type { Stored } from '../model/record.ts'
import type { ProjectKeyId } from '../model/sealedForms.ts'
import { HOLDS_KEY, TABLES } from './commands/rotationCommands.ts'
import { SqlContainerRepository } from './containerRepository.ts'
import { SqlOrderTaskRepository } from './orderTaskRepository.ts'
import type { Reads } from './reads.ts'
import { bytesOrNull, number, projectIdIn, text, time } from './rows/column.ts'
import { PROJECT_KEY_COLUMNS, projectKeyOfRow } from './rows/projectKeyRow.ts'
import { recordIn } from './rows/recordIn.ts'
import { type RepositoryParts, SqlSecretRepository } from './secretRepository.ts'
import type { Row, SqlValue } from './statement.ts'

const KEYS = `select ${PROJECT_KEY_COLUMNS.join(', ')} from project_keys`
const KEYS_OF = `${KEYS} where project_keys.project_id = ? and ${HOLDS_KEY} order by project_keys.id`
const KEYS_BY_KEK =
  'select project_keys.store, project_keys.kek_id, count(*) as total from project_keys ' +
  `where ${HOLDS_KEY} group by project_keys.store, project_keys.kek_id ` +
  'order by project_keys.store, project_keys.kek_id'
const PROJECT_AFTER =
  'select project_keys.project_id from project_keys where project_keys.project_id > ? ' +
  `and ${HOLDS_KEY} order by project_keys.project_id limit 1`
const ORDER_INPUT =
  'select order_tasks.sealed_input from order_tasks where order_tasks.order_id = ?'

/** What stands where in sealed bytes: model/sealedForms.ts. */
const SEALED_IN = {
  secret: { column: 'secrets.envelope', join: '' },
  order: {
    column: 'order_tasks.sealed_input',
    join: ' left join order_tasks on order_tasks.order_id = orders.id',
  },
  container: undefined,
} as const satisfies Record<WalkedKind, { column: string; join: string } | undefined>

function walkFrom(kind: WalkedKind, isFirst: boolean): string {
  const table = TABLES[kind]
  const sealed = SEALED_IN[kind]
  const ofEnvelope =
    sealed === undefined
      ? 'null as envelope_key, null as format'
      : `substr(${sealed.column}, 5, 8) as envelope_key, substr(${sealed.column}, 1, 1) as format`
  const after = isFirst
    ? ''
    : ` and ${table}.created_at >= ? and (${table}.created_at > ? or ${table}.id > ?)`
  return (
    `select ${table}.id, ${table}.created_at, substr(${table}.row_mac, 1, 8) as mac_key, ${ofEnvelope} ` +
    `from ${table}${sealed?.join ?? ''} where ${table}.project_id = ?${after} ` +
    `order by ${table}.created_at, ${table}.id limit ?`
  )
}

const WALKS = {
  secret: { first: walkFrom('secret', true), next: walkFrom('secret', false) },
  container: { first: walkFrom('container', true), next: walkFrom('container', false) },
  order: { first: walkFrom('order', true), next: walkFrom('order', false) },
} satisfies Record<WalkedKind, { first: string; next: string }>

/** For who only looks. */
export async function keysByKek(reads: Pick<Reads, 'all'>): Promise<readonly KeysOfKek[]> {
  const rows = await reads.all(KEYS_BY_KEK)
  return rows.map((row) => ({
    store: text(row, 'store'),
    kekId: text(row, 'kek_id'),
    keys: number(row, 'total'),
  }))
}

export class SqlRotationRepository implements RotationRepository {
  readonly #parts: RepositoryParts
  readonly #secrets: SqlSecretRepository
  readonly #containers: SqlContainerRepository
  readonly #orders: SqlOrderTaskRepository

  constructor(parts: RepositoryParts) {
    this.#parts = parts
    this.#secrets = new SqlSecretRepository(parts)
    this.#containers = new SqlContainerRepository(parts)
    this.#orders = new SqlOrderTaskRepository(parts)
  }

  async countRecords({ projectId }: JobScope): Promise<number> {
    let total = 0
    for (const table of Object.values(TABLES)) {
      const count = `select count(*) as total from ${table}`
      total += await (projectId === undefined
        ? this.#count(count)
        : this.#count(`${count} where ${table}.project_id = ?`, projectId))
    }
    return total
  }

  async countKeys(scope: JobScope, which: 'active' | 'all'): Promise<number> {
    const { where, params } = keysWithin(scope, which)
    return this.#count(`select count(*) as total from project_keys where ${where}`, ...params)
  }

  async projectAfter(
    projectId: ProjectId | undefined,
    scope: JobScope,
  ): Promise<ProjectId | undefined> {
    if (scope.projectId !== undefined) return projectId === undefined ? scope.projectId : undefined
    const row = await this.#parts.reads.first(PROJECT_AFTER, projectId ?? '')
    return row && projectIdIn(row)
  }

  async keysOf(projectId: ProjectId): Promise<readonly ProjectKeyRow[]> {
    return this.#keys(await this.#parts.reads.all(KEYS_OF, projectId))
  }

  async keysAfter(
    keyId: string | undefined,
    scope: JobScope,
    which: 'active' | 'all',
    limit: number,
  ): Promise<readonly ProjectKeyRow[]> {
    const { where, params } = keysWithin(scope, which)
    const sql = `${KEYS} where project_keys.id > ? and ${where} order by project_keys.id limit ?`
    const after = Buffer.from(keyId ?? '', 'hex')
    return this.#keys(await this.#parts.reads.all(sql, after, ...params, limit))
  }

  async keysByKek(): Promise<readonly KeysOfKek[]> {
    return keysByKek(this.#parts.reads)
  }

  async walk({ projectId, kind, after, limit }: WalkPage): Promise<readonly WalkedRecord[]> {
    const { first, next } = WALKS[kind]
    const rows = await (after === undefined
      ? this.#parts.reads.all(first, projectId, limit)
      : this.#parts.reads.all(next, projectId, after.createdAt, after.createdAt, after.id, limit))
    return rows.map((row) => ({
      id: text(row, 'id'),
      createdAt: time(row, 'created_at'),
      macKey: hexOrNull(row, 'mac_key'),
      envelopeKey: hexOrNull(row, 'envelope_key'),
      format: bytesOrNull(row, 'format')?.[0] ?? null,
    }))
  }

  async read(
    kind: WalkedKind,
    id: string,
  ): Promise<
    { readonly record: Stored<WholeRecord>; readonly sealed: Uint8Array | null } | undefined
  > {
    if (kind === 'secret') {
      const record = await this.#secrets.find(id as SecretId)
      return record && { record, sealed: record.envelope }
    }
    if (kind === 'container') {
      const record = await this.#containers.find(id as ContainerId)
      return record && { record, sealed: null }
    }
    const record = await this.#orders.order(id as OrderId)
    if (record === undefined) return undefined
    const row = await this.#parts.reads.first(ORDER_INPUT, id)
    return { record, sealed: row === undefined ? null : bytesOrNull(row, 'sealed_input') }
  }

  async rewrap(step: JobStep, records: readonly RewrappedRecord[]): Promise<RewrapOutcome> {
    return this.#parts.commands.run('rewrapRecords', step, records)
  }

  async rewrapKeys(
    step: JobStep,
    keys: readonly { id: ProjectKeyId; before: WrappedKey; after: WrappedKey }[],
  ): Promise<'lost' | { readonly stale: number }> {
    return this.#parts.commands.run('rewrapProjectKeys', step, keys)
  }

  async mark(
    step: JobStep,
    projectId: ProjectId,
    keptStore: string | undefined,
  ): Promise<'lost' | number> {
    return this.#parts.commands.run('markProjectKeys', step, projectId, keptStore)
  }

  async destroy(step: JobStep, ids: readonly ProjectKeyId[]): Promise<'lost' | number> {
    return this.#parts.commands.run('destroyMarkedKeys', step, ids)
  }

  async unmark(projectId: ProjectId): Promise<void> {
    return this.#parts.commands.run('unmarkProjectKeys', projectId)
  }

  #keys(rows: readonly Row[]): readonly ProjectKeyRow[] {
    return rows
      .map((row) => recordIn(row, projectKeyOfRow, 'project-key', this.#parts.onEvent))
      .filter((row) => row !== undefined)
  }

  async #count(sql: string, ...params: readonly SqlValue[]): Promise<number> {
    const row = await this.#parts.reads.first(sql, ...params)
    return row === undefined ? 0 : number(row, 'total')
  }
}

function keysWithin(
  { projectId, store, before }: JobScope,
  which: 'active' | 'all',
): { readonly where: string; readonly params: readonly SqlValue[] } {
  const conditions: readonly (readonly [string, SqlValue | undefined])[] = [
    ['project_keys.project_id = ?', projectId],
    ['project_keys.store = ?', store],
    ['project_keys.created_at < ?', before],
  ]
  const given = conditions.filter(([, value]) => value !== undefined)
  const isActive = which === 'active' ? ["project_keys.state = 'active'"] : []
  return {
    where: [HOLDS_KEY, ...isActive, ...given.map(([condition]) => condition)].join(' and '),
    params: given.map(([, value]) => value ?? null),
  }
}

function hexOrNull(row: Row, column: string): string | null {
  const bytes = bytesOrNull(row, column)
  return bytes === null ? null : Buffer.from(bytes).toString('hex')
}
