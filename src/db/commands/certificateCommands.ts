import type { DueWarning, SurveyPlace } from '../../domain/ports/certificateRepositories.ts'
import type { SecretId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { StoredFacts } from '../../model/certificateFacts.ts'
import type { Dialect } from '../dialect.ts'
import { insertInto } from '../insertInto.ts'
import { rowOfFacts } from '../rows/certificateFactsRow.ts'
import { text } from '../rows/column.ts'
import type { Statements } from '../statement.ts'

export function* noteCertificateWarning(
  _dialect: Dialect,
  { secretId, warnAt }: DueWarning,
  next: Timestamp | null,
): Statements<boolean> {
  const { changes } = yield {
    sql:
      'update certificate_facts set warn_at = ? ' +
      'where certificate_facts.secret_id = ? and certificate_facts.warn_at = ?',
    params: [next, secretId, warnAt],
    isAlone: true,
  }
  return changes > 0
}

/** Of secrets that are gone; the release before leaves theirs behind. */
export function* removeOrphanedFacts(
  _dialect: Dialect,
  ids: readonly SecretId[],
): Statements<number> {
  if (ids.length === 0) return 0
  const { changes } = yield {
    sql:
      `delete from certificate_facts where certificate_facts.secret_id in (${marks(ids)}) and not exists ` +
      '(select 1 from secrets where secrets.id = certificate_facts.secret_id)',
    params: ids,
    isAlone: true,
  }
  return changes
}

/** What was read of older payloads, unless their secrets went meanwhile, and where that has come to. */
export function* noteCertificateSurvey(
  dialect: Dialect,
  found: readonly StoredFacts[],
  place: SurveyPlace | undefined,
): Statements<void> {
  const there = yield* heldSecrets(dialect, found)
  for (const facts of found) {
    if (!there.has(facts.secretId)) continue
    const row = rowOfFacts(facts)
    yield {
      sql: dialect.insertOrKeep('certificate_facts', Object.keys(row)),
      params: Object.values(row),
    }
  }
  yield { sql: 'delete from certificate_surveys', params: [] }
  if (place === undefined) return
  yield insertInto('certificate_surveys', {
    singleton: 1,
    project_id: place.projectId,
    created_at: place.createdAt,
    secret_id: place.secretId,
  })
}

/** Whoever deletes one waits until its facts are in, and takes them along. */
function* heldSecrets(
  dialect: Dialect,
  found: readonly StoredFacts[],
): Statements<ReadonlySet<string>> {
  if (found.length === 0) return new Set()
  const ids = found.map(({ secretId }) => secretId).toSorted()
  const { rows } = yield {
    sql:
      `select secrets.id from secrets where secrets.id in (${marks(ids)}) ` +
      `order by secrets.id${dialect.forShare}`,
    params: ids,
  }
  return new Set(rows.map((row) => text(row, 'id')))
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ')
}
