import type { DeploymentRepository, ProjectKeyRepository } from '../domain/ports/keyRepositories.ts'
import {
  RECORD_KINDS,
  type RecordKind,
  type RecordPlace,
  type RecordRange,
  type StoredRecords,
} from '../domain/ports/storedRecords.ts'
import type { Clock } from '../lib/clock.ts'
import { newSecretId, type ProjectId } from '../lib/ids.ts'
import { randomFraction } from '../lib/randomFraction.ts'
import { openTables } from './backup/openTables.ts'
import type { TableConnection } from './backup/tableConnection.ts'
import { type RowRange, rowsOfRange, tablePages } from './backup/tablePages.ts'
import { openReads } from './openReads.ts'
import { repositoriesOver } from './repositories.ts'
import { number } from './rows/column.ts'
import type { Row, SqlValue } from './statement.ts'

export interface OpenedRecords extends StoredRecords {
  readonly deployment: DeploymentRepository
  readonly projectKeys: ProjectKeyRepository
  close(): Promise<void>
}

interface Walked {
  readonly table: string
  /** In the order of an index. */
  readonly key: readonly string[]
}

/** By project first: its key is unwrapped once, however many projects there are. */
const BY_PROJECT = ['project_id', 'created_at', 'id']
const WALKED: Readonly<Record<RecordKind, Walked>> = {
  'project-key': { table: 'project_keys', key: ['id'] },
  secret: { table: 'secrets', key: BY_PROJECT },
  container: { table: 'containers', key: BY_PROJECT },
  order: { table: 'orders', key: BY_PROJECT },
}
/** The last of nearly all the rows of a table are met after a few. */
const MOST_TRIES_EACH = 100
const COLUMNS = ['project_id', 'created_at', 'id']

/** A look at a database that servers may be at work on, by the statements that they find records with. */
export async function openStoredRecords(url: string, clock: Clock): Promise<OpenedRecords> {
  const pages = await openTables(url, 'read')
  const { reads, dialect, close } = openReads(url, clock)
  const onlyLooks = () => Promise.reject(new Error('a look changes nothing'))
  const found = repositoriesOver({
    reads,
    dialect,
    commands: { run: onlyLooks },
    lists: { secrets: onlyLooks, containers: onlyLooks, orders: onlyLooks },
    onEvent: () => undefined,
  })
  return {
    count: (range) => countIn(pages, range),
    walk: (range) => walk(pages, range),
    sample: (count, projectId) => sample(pages, count, projectId),
    async isThere({ kind, projectId, createdAt, id }) {
      const { table } = WALKED[kind]
      const { rows } = await pages.execute({
        sql: `select 1 as found from ${table} where ${table}.project_id = ? and ${table}.created_at = ? and ${table}.id = ?`,
        params: [projectId, createdAt, idValue(kind, id)],
      })
      return rows.length > 0
    },
    secret: (id) => found.secrets.find(id),
    container: (id) => found.containers.find(id),
    order: (id) => found.orderTasks.order(id),
    async orderInput(id) {
      const { rows } = await pages.execute({
        sql: 'select order_tasks.sealed_input from order_tasks where order_tasks.order_id = ?',
        params: [id],
      })
      const input = rows[0]?.['sealed_input'] ?? null
      // What is no bytes was not written by us, and opens as nothing.
      return input === null || input instanceof Uint8Array ? input : new Uint8Array(0)
    },
    deployment: found.deployment,
    projectKeys: found.projectKeys,
    async close() {
      await close()
      await pages.close()
    },
  }
}

async function* walk(pages: TableConnection, range: RecordRange): AsyncGenerator<RecordPlace> {
  for (const kind of kindsIn(range)) {
    for await (const page of tablePages(pages, { ...rangeOf(kind, range), columns: COLUMNS })) {
      for (const row of page) yield placeOf(kind, row)
    }
  }
}

async function countIn(pages: TableConnection, range: RecordRange): Promise<number> {
  let rows = 0
  for (const kind of kindsIn(range)) {
    const { sql: where, params } = rowsOfRange(rangeOf(kind, range))
    const sql = `select count(*) as counted from ${WALKED[kind].table}${where}`
    const [row] = (await pages.execute({ sql, params })).rows
    rows += row === undefined ? 0 : number(row, 'counted')
  }
  return rows
}

function kindsIn({ after }: RecordRange): readonly RecordKind[] {
  return after === undefined ? RECORD_KINDS : RECORD_KINDS.slice(RECORD_KINDS.indexOf(after.kind))
}

function rangeOf(kind: RecordKind, { projectId, after }: RecordRange): RowRange {
  const { table: name, key } = WALKED[kind]
  const isIn = projectId === undefined ? undefined : { column: 'project_id', value: projectId }
  const keyInside = isIn === undefined ? key : key.filter((column) => column !== isIn.column)
  return {
    name,
    key: keyInside,
    only: isIn,
    after: after?.kind === kind ? keyInside.map((column) => columnOf(after, column)) : undefined,
  }
}

function columnOf(place: RecordPlace, column: string): SqlValue {
  if (column === 'project_id') return place.projectId
  return column === 'created_at' ? place.createdAt : idValue(place.kind, place.id)
}

/**
 * Ids are random, so the next one behind a random id is a secret picked at random; no other row is
 * touched. In one project they stand by age: there its index is read, and each stays with the same chance.
 */
async function sample(
  pages: TableConnection,
  count: number,
  projectId: ProjectId | undefined,
): Promise<readonly RecordPlace[]> {
  if (projectId !== undefined) return sampleOf(walkSecrets(pages, projectId), count)
  const picked = new Map<string, RecordPlace>()
  const few = await secretsBehind(pages, '', count + 1)
  if (few.length <= count) return few
  // An end also where secrets are deleted meanwhile.
  for (let tries = 0; picked.size < count && tries < MOST_TRIES_EACH * count; tries += 1) {
    const [place = few[0]] = await secretsBehind(pages, newSecretId(), 1)
    if (place !== undefined) picked.set(place.id, place)
  }
  return [...picked.values()]
}

async function secretsBehind(
  pages: TableConnection,
  id: string,
  limit: number,
): Promise<readonly RecordPlace[]> {
  const { rows } = await pages.execute({
    sql: `select secrets.project_id, secrets.created_at, secrets.id from secrets where secrets.id > ? order by secrets.id limit ${limit}`,
    params: [id],
  })
  return rows.map((row) => placeOf('secret', row))
}

async function* walkSecrets(
  pages: TableConnection,
  projectId: ProjectId,
): AsyncGenerator<RecordPlace> {
  const wanted = { ...rangeOf('secret', { projectId }), columns: COLUMNS }
  for await (const page of tablePages(pages, wanted)) {
    for (const row of page) yield placeOf('secret', row)
  }
}

/** Algorithm R: the n-th takes a place with the chance of `count` in n. */
async function sampleOf(
  places: AsyncIterable<RecordPlace>,
  count: number,
): Promise<readonly RecordPlace[]> {
  const picked: RecordPlace[] = []
  let seen = 0
  for await (const place of places) {
    seen += 1
    if (picked.length < count) picked.push(place)
    else {
      const at = Math.floor(randomFraction() * seen)
      if (at < count) picked[at] = place
    }
  }
  return picked
}

function placeOf(kind: RecordKind, row: Row): RecordPlace {
  const { id } = row
  return {
    kind,
    projectId: String(row['project_id']) as ProjectId,
    createdAt: String(row['created_at']),
    id: id instanceof Uint8Array ? Buffer.from(id).toString('hex') : String(id),
  }
}

function idValue(kind: RecordKind, id: string): SqlValue {
  return kind === 'project-key' ? Buffer.from(id, 'hex') : id
}
