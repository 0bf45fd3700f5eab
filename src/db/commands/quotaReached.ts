import type { QuotaReached } from '../../domain/ports/changes.ts'
import type { ProjectId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { QuotaResource } from '../../model/quota.ts'
import type { Dialect } from '../dialect.ts'
import { number } from '../rows/column.ts'
import type { SqlValue, Statements } from '../statement.ts'

/** Whose things are counted, and when: what has expired by then is not there any more. */
interface Newcomer {
  readonly projectId: ProjectId
  readonly createdAt: Timestamp
}

interface Counted {
  readonly table: string
  readonly where: string
  readonly params: (newcomer: Newcomer) => readonly SqlValue[]
}

const ofProject = (table: string): Counted => ({
  table,
  where: `${table}.project_id = ?`,
  params: ({ projectId }) => [projectId],
})

/** Consumers are counted by who registered them, and each kind for itself (contract 07). */
const COUNTED = {
  secrets: {
    table: 'secrets',
    where: 'secrets.project_id = ? and (secrets.expires_at is null or secrets.expires_at > ?)',
    params: ({ projectId, createdAt }) => [projectId, createdAt],
  },
  orders: ofProject('orders'),
  containers: ofProject('containers'),
  containerConsumers: ofProject('container_consumers'),
  secretConsumers: ofProject('secret_consumers'),
} satisfies Record<string, Counted>

/** A column `quota` for a select that happens anyway: what the project `?` has set, so that asking costs no statement. */
export function quotaColumn(resource: QuotaResource): string {
  return (
    `(select project_quotas.${resource} from project_quotas ` +
    'where project_quotas.project_id = ?) as quota'
  )
}

/** Without a default nothing is counted, whatever the project has set. */
export function limitOf(ofProject: number | null, defaultQuota: number | undefined): number {
  return defaultQuota === undefined ? UNLIMITED : (ofProject ?? defaultQuota)
}

const UNLIMITED = -1

/**
 * Asked in the transaction that inserts, before it does. Where there is no limit it asks nothing. Where
 * there is one, the project's lock is taken first and held until commit: the count that follows sees
 * what all before us have committed, so no two callers count to the same number (ADR 0016). On the
 * servers this wants READ COMMITTED: an older snapshot would count what was there before the lock.
 */
export function* quotaReached(
  dialect: Dialect,
  counted: keyof typeof COUNTED,
  limit: number,
  newcomer: Newcomer,
): Statements<QuotaReached | undefined> {
  if (limit < 0) return undefined
  yield* lockQuotas(dialect, newcomer.projectId)
  const { table, where, params }: Counted = COUNTED[counted]
  const { rows } = yield {
    // Whether there are that many is all we want to know: a limit lowered far below the stock costs no more.
    sql: `select count(*) as present from (select 1 from ${table} where ${where} limit ?) counted_rows`,
    params: [...params(newcomer), limit],
  }
  const present = rows[0] === undefined ? 0 : number(rows[0], 'present')
  return present >= limit ? { quotaReached: limit } : undefined
}

/** Changed, not only locked: on Galera a lock is its node's own, and two changes of one row are what collides. */
function* lockQuotas(dialect: Dialect, projectId: ProjectId): Statements<void> {
  const lock = {
    sql: 'update quota_locks set taken = taken + 1 where quota_locks.project_id = ?',
    params: [projectId],
  }
  const { changes } = yield lock
  if (changes > 0) return
  // The project's first limited change. Another node may be making the row at this moment; then it is there.
  yield {
    sql: dialect.insertOrKeep('quota_locks', ['project_id', 'taken']),
    params: [projectId, 0],
  }
  yield lock
}
