import type { Knex } from 'knex'
import type {
  DateCondition,
  DateOperator,
  SecretQuery,
} from '../domain/ports/secretRepositories.ts'
import type { Page } from '../model/page.ts'
import type { SecretSummary } from '../model/secret.ts'
import type { Dialect } from './dialect.ts'
import { foldCase } from './foldCase.ts'
import { countOf, pageOf, toStatement, totalWithoutCounting } from './listing.ts'
import { beginningAs } from './patternRange.ts'
import { text } from './rows/column.ts'
import { SUMMARY_COLUMNS, summaryOfRow } from './rows/secretRow.ts'
import { followsInOrder, type SortColumn, sortColumnsOf } from './secretSorting.ts'
import type { Row, Statements } from './statement.ts'

/** To read so many rows only to skip them costs more than to ask twice. */
const FAR_ROWS = 50

/** A page of secrets and how many there are in all. Neither envelopes nor MACs are read. */
export function* listSecrets(
  builder: Knex,
  dialect: Dialect,
  query: SecretQuery,
): Statements<Page<SecretSummary>> {
  const matching = () => filtered(builder, dialect, query)
  const order = sortColumnsOf(query.sort)
  const inOrder = (secrets: Knex.QueryBuilder) => sorted(secrets, dialect, order)
  if (query.offset >= FAR_ROWS && isPlain(query)) {
    const items = yield* farPage(builder, query, matching, inOrder)
    const known = totalWithoutCounting(items.length, query)
    return { items, total: known ?? (yield* countOf(matching())) }
  }
  const page = inOrder(matching().select(SUMMARY_COLUMNS))

  let isMarkerKnown = true
  if (query.marker !== undefined) {
    const marker = yield* markerRow(builder, query, query.marker, order)
    isMarkerKnown = marker !== undefined
    if (marker !== undefined) followsInOrder(page, order, marker)
  }
  const { rows } = isMarkerKnown ? yield pageOf(page, query) : { rows: [] }
  const items = rows.map(summaryOfRow)
  const known = query.marker === undefined ? totalWithoutCounting(items.length, query) : undefined
  return { items, total: known ?? (yield* countOf(matching())) }
}

/** In the order of an index that holds all that is asked for. */
function isPlain({ scope, filter, sort, marker }: SecretQuery): boolean {
  const isUnfiltered = Object.values(filter).every((wanted) => wanted === undefined)
  return 'projectId' in scope && isUnfiltered && sort.length === 0 && marker === undefined
}

/** What is skipped is skipped inside the index; the table is read for the page alone. */
function* farPage(
  builder: Knex,
  query: SecretQuery,
  matching: () => Knex.QueryBuilder,
  inOrder: (secrets: Knex.QueryBuilder) => Knex.QueryBuilder,
): Statements<readonly SecretSummary[]> {
  const places = yield pageOf(inOrder(matching().select('secrets.id')), query)
  if (places.rows.length === 0) return []
  const ids = places.rows.map((row) => text(row, 'id'))
  const page = inOrder(builder('secrets').select(SUMMARY_COLUMNS).whereIn('secrets.id', ids))
  const { rows } = yield toStatement(page)
  return rows.map(summaryOfRow)
}

function sorted(
  secrets: Knex.QueryBuilder,
  dialect: Dialect,
  order: readonly SortColumn[],
): Knex.QueryBuilder {
  for (const { column, isNullable, descending } of order) {
    // Said of a column that holds none, it would keep PostgreSQL from walking an index.
    const nulls = isNullable ? (descending ? dialect.descendingNulls : dialect.ascendingNulls) : ''
    secrets.orderByRaw(`${column} ${descending ? 'desc' : 'asc'}${nulls}`)
  }
  return secrets
}

function filtered(builder: Knex, dialect: Dialect, query: SecretQuery): Knex.QueryBuilder {
  const { filter, now } = query
  const secrets = scoped(builder, query).where((unexpired) => {
    unexpired.whereNull('secrets.expires_at').orWhere('secrets.expires_at', '>', now)
  })
  const patterns = {
    'secrets.name_folded': filter.name,
    'secrets.algorithm_folded': filter.algorithm,
    'secrets.mode_folded': filter.mode,
  }
  if (filter.name !== undefined) {
    beginningAs(secrets, 'secrets.name_folded', foldCase(filter.name))
  }
  for (const [column, pattern] of Object.entries(patterns)) {
    if (pattern !== undefined) secrets.whereRaw(dialect.like(column), [foldCase(pattern)])
  }
  if (filter.bitLength !== undefined) {
    // PostgreSQL refuses to compare the column with what it cannot hold.
    if (filter.bitLength > MOST_INTEGER) secrets.whereRaw('1 = 0')
    else secrets.where('secrets.bit_length', filter.bitLength)
  }
  if (filter.secretType !== undefined) secrets.where('secrets.secret_type', filter.secretType)
  within(secrets, 'secrets.created_at', filter.created)
  within(secrets, 'secrets.updated_at', filter.updated)
  within(secrets, 'secrets.expires_at', filter.expiration)
  return secrets
}

function scoped(builder: Knex, { scope }: SecretQuery): Knex.QueryBuilder {
  const secrets = builder('secrets')
  if ('projectId' in scope) return secrets.where('secrets.project_id', scope.projectId)
  // Rows of users without an ACL are none of ours: somebody put them there by hand.
  return secrets
    .whereNotNull('secrets.acl_project_access')
    .whereIn(
      'secrets.id',
      builder('secret_acl_users')
        .select('secret_acl_users.secret_id')
        .where('secret_acl_users.user_id', scope.aclUser),
    )
}

const MOST_INTEGER = 2_147_483_647

const OPERATORS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } satisfies Record<
  DateOperator,
  string
>

function within(
  secrets: Knex.QueryBuilder,
  column: string,
  conditions: readonly DateCondition[] = [],
): void {
  for (const { operator, at } of conditions) secrets.where(column, OPERATORS[operator], at)
}

/** Where the marker stands in the order. One of another project stands nowhere: its times are not ours to tell. */
function* markerRow(
  builder: Knex,
  query: SecretQuery,
  marker: string,
  order: readonly SortColumn[],
): Statements<Row | undefined> {
  const { rows } = yield toStatement(
    scoped(builder, query)
      .select(order.map(({ column }) => column))
      .where('secrets.id', marker),
  )
  return rows[0]
}
