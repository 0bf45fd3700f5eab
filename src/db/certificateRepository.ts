import type {
  CertificateContainer,
  CertificateCounts,
  CertificateQuery,
  CertificateRepository,
  ContainerQuery,
  DueWarning,
  SurveyPlace,
  UnreadPage,
} from '../domain/ports/certificateRepositories.ts'
import type { ContainerId, ProjectId, SecretId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import { LOOKED_AT, type StoredFacts } from '../model/certificateFacts.ts'
import type { CommandRunner } from './commandRunner.ts'
import type { Reads } from './reads.ts'
import { factsOfRow } from './rows/certificateFactsIn.ts'
import { CERTIFICATE_FACTS_COLUMNS } from './rows/certificateFactsRow.ts'
import { number, projectIdIn, text, textOrNull, time } from './rows/column.ts'
import type { Row, SqlValue } from './statement.ts'

const FACTS = `select ${CERTIFICATE_FACTS_COLUMNS.join(', ')} from certificate_facts`
/** At the time `?`. */
const SECRET_IS_THERE =
  'exists (select 1 from secrets where secrets.id = certificate_facts.secret_id ' +
  'and (secrets.expires_at is null or secrets.expires_at > ?))'

/**
 * With a beginning, which is that of all texts: PostgreSQL takes a range whose ends it does not know for narrow,
 * and one without a beginning for a third of the table, which it then reads whole.
 */
const until = (column: string): string =>
  `certificate_facts.${column} > '' and certificate_facts.${column} <= ?`

export const COUNT_CERTIFICATES =
  'select count(case when certificate_facts.not_after <= ? then 1 end) as expired, ' +
  'count(case when certificate_facts.not_after <= ? then 1 end) as within_1, ' +
  'count(case when certificate_facts.not_after <= ? then 1 end) as within_7, ' +
  'count(*) as within_30 from certificate_facts ' +
  `where ${until('not_after')} and ${SECRET_IS_THERE}`

export const DUE_WARNINGS =
  'select certificate_facts.secret_id, certificate_facts.project_id, certificate_facts.not_after, ' +
  'certificate_facts.warn_at from certificate_facts ' +
  `where ${until('warn_at')} and ${SECRET_IS_THERE} ` +
  'order by certificate_facts.warn_at, certificate_facts.secret_id limit ?'

const ORPHANS =
  'select certificate_facts.secret_id, case when exists (select 1 from secrets ' +
  'where secrets.id = certificate_facts.secret_id) then 1 else 0 end as is_there ' +
  'from certificate_facts where certificate_facts.secret_id > ? ' +
  'order by certificate_facts.secret_id limit ?'

/** The types whose payloads are looked at, in the text of a statement. */
const TYPES = Object.keys(LOOKED_AT)
  .map((type) => `'${type}'`)
  .join(', ')
const IS_UNREAD =
  `secrets.secret_type in (${TYPES}) and secrets.envelope is not null and not exists ` +
  '(select 1 from certificate_facts where certificate_facts.secret_id = secrets.id)'
/** `(project_id, created_at, id) > (?, ?, ?)`, as `tablePages` spells it out. */
const AFTER_PLACE =
  'secrets.project_id >= ? and (secrets.project_id > ? or (secrets.project_id = ? and ' +
  'secrets.created_at >= ? and (secrets.created_at > ? or (secrets.created_at = ? and secrets.id > ?))))'
const COUNT_UNSEEN =
  `select count(*) as total from secrets where ${IS_UNREAD} ` +
  "and secrets.secret_type = 'certificate'"
const SURVEY =
  'select certificate_surveys.project_id, certificate_surveys.created_at, certificate_surveys.secret_id as id ' +
  'from certificate_surveys'

export interface CertificateRepositoryParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlCertificateRepository implements CertificateRepository {
  readonly #parts: CertificateRepositoryParts

  constructor(parts: CertificateRepositoryParts) {
    this.#parts = parts
  }

  async ofSecrets(ids: readonly SecretId[]): Promise<ReadonlyMap<SecretId, StoredFacts>> {
    if (ids.length === 0) return new Map()
    const sql = `${FACTS} where certificate_facts.secret_id in (${marks(ids)})`
    const rows = await this.#parts.reads.all(sql, ...ids)
    return new Map(rows.map(factsOfRow).map((facts) => [facts.secretId, facts]))
  }

  async list(query: CertificateQuery): Promise<readonly StoredFacts[]> {
    const { kind, projectId, endsBefore, after, now, limit } = query
    const isCertificate = kind === 'certificate'
    const order = isCertificate ? ['not_after', 'secret_id'] : ['secret_id']
    const conditions = ['certificate_facts.kind = ?', SECRET_IS_THERE]
    const params: SqlValue[] = [kind, now]
    const onlyIf = (condition: string, ...values: readonly SqlValue[]): void => {
      conditions.push(condition)
      params.push(...values)
    }
    if (projectId !== undefined) onlyIf('certificate_facts.project_id = ?', projectId)
    if (endsBefore !== undefined) onlyIf('certificate_facts.not_after <= ?', endsBefore)
    if (after?.kind === 'certificate') {
      const { notAfter, secretId } = after
      onlyIf(
        'certificate_facts.not_after >= ? and (certificate_facts.not_after > ? or certificate_facts.secret_id > ?)',
        ...[notAfter, notAfter, secretId],
      )
    } else if (after !== undefined) onlyIf('certificate_facts.secret_id > ?', after.secretId)
    const inOrder = order.map((column) => `certificate_facts.${column}`).join(', ')
    const sql = `${FACTS} where ${conditions.join(' and ')} order by ${inOrder} limit ?`
    return (await this.#parts.reads.all(sql, ...params, limit)).map(factsOfRow)
  }

  async containers({
    projectId,
    limit,
    offset,
  }: ContainerQuery): Promise<readonly CertificateContainer[]> {
    const ofProject = projectId === undefined ? '' : ' and containers.project_id = ?'
    const rows = await this.#parts.reads.all(
      'select containers.id, containers.project_id from containers ' +
        `where containers.container_type = 'certificate'${ofProject} ` +
        'order by containers.project_id, containers.created_at, containers.id limit ? offset ?',
      ...(projectId === undefined ? [] : [projectId]),
      ...[limit, offset],
    )
    if (rows.length === 0) return []
    const ids = rows.map((row) => text(row, 'id'))
    const members = await this.#parts.reads.all(
      'select container_secrets.container_id, container_secrets.name, container_secrets.secret_id ' +
        `from container_secrets where container_secrets.container_id in (${marks(ids)}) and exists ` +
        '(select 1 from secrets where secrets.id = container_secrets.secret_id) ' +
        'order by container_secrets.container_id, container_secrets.position',
      ...ids,
    )
    const byContainer = Map.groupBy(members, (row) => text(row, 'container_id'))
    return rows.map((row) => ({
      id: text(row, 'id') as ContainerId,
      projectId: projectIdIn(row),
      members: (byContainer.get(text(row, 'id')) ?? []).map((member) => ({
        name: textOrNull(member, 'name'),
        secretId: text(member, 'secret_id') as SecretId,
      })),
    }))
  }

  async count(
    now: Timestamp,
    within: readonly [Timestamp, Timestamp, Timestamp],
  ): Promise<CertificateCounts> {
    const [in1, in7, in30] = within
    const row = await this.#parts.reads.first(COUNT_CERTIFICATES, now, in1, in7, in30, now)
    const upTo = (column: string): number => (row === undefined ? 0 : number(row, column))
    return {
      expired: upTo('expired'),
      within1Day: upTo('within_1') - upTo('expired'),
      within7Days: upTo('within_7') - upTo('within_1'),
      within30Days: upTo('within_30') - upTo('within_7'),
    }
  }

  async dueWarnings(now: Timestamp, limit: number): Promise<readonly DueWarning[]> {
    const rows = await this.#parts.reads.all(DUE_WARNINGS, now, now, limit)
    return rows.map((row) => ({
      secretId: text(row, 'secret_id') as SecretId,
      projectId: projectIdIn(row),
      notAfter: time(row, 'not_after'),
      warnAt: time(row, 'warn_at'),
    }))
  }

  async noteWarning(warning: DueWarning, next: Timestamp | null): Promise<boolean> {
    return this.#parts.commands.run('noteCertificateWarning', warning, next)
  }

  async removeOrphans(
    after: SecretId | undefined,
    limit: number,
  ): Promise<{ readonly removed: number; readonly last: SecretId | undefined }> {
    const rows = await this.#parts.reads.all(ORPHANS, after ?? '', limit)
    const idOf = (row: Row): SecretId => text(row, 'secret_id') as SecretId
    const orphans = rows.filter((row) => number(row, 'is_there') === 0).map(idOf)
    const removed =
      orphans.length === 0 ? 0 : await this.#parts.commands.run('removeOrphanedFacts', orphans)
    const last = rows.length < limit ? undefined : rows.at(-1)
    return { removed, last: last && idOf(last) }
  }

  async unread(after: SurveyPlace | undefined, limit: number): Promise<UnreadPage> {
    const rows = await this.#parts.reads.all(secretsBehind(after), ...placeParams(after), limit)
    const last = rows.length < limit ? undefined : rows.at(-1)
    return {
      unread: rows.filter((row) => number(row, 'is_unread') === 1).map(placeOf),
      last: last && placeOf(last),
    }
  }

  async countUnread(after: SurveyPlace | undefined): Promise<number> {
    const sql = `select count(*) as total from secrets where ${IS_UNREAD}${behind(after, ' and ')}`
    const row = await this.#parts.reads.first(sql, ...placeParams(after))
    return row === undefined ? 0 : number(row, 'total')
  }

  async countUnseen(projectId?: ProjectId): Promise<number> {
    const ofProject = projectId === undefined ? '' : ' and secrets.project_id = ?'
    const sql = `${COUNT_UNSEEN}${ofProject}`
    const params = projectId === undefined ? [] : [projectId]
    const row = await this.#parts.reads.first(sql, ...params)
    return row === undefined ? 0 : number(row, 'total')
  }

  async surveyPlace(): Promise<SurveyPlace | undefined> {
    const row = await this.#parts.reads.first(SURVEY)
    return row && placeOf(row)
  }

  async noteSurvey(found: readonly StoredFacts[], place: SurveyPlace | undefined): Promise<void> {
    await this.#parts.commands.run('noteCertificateSurvey', found, place)
  }
}

/** All secrets, each with whether it is one of them: so every planner walks the index of lists, in its order. */
export function secretsBehind(place: SurveyPlace | undefined): string {
  const columns = 'secrets.project_id, secrets.created_at, secrets.id'
  return (
    `select ${columns}, case when ${IS_UNREAD} then 1 else 0 end as is_unread from secrets` +
    `${behind(place, ' where ')} order by ${columns} limit ?`
  )
}

function behind(place: SurveyPlace | undefined, word: string): string {
  return place === undefined ? '' : `${word}${AFTER_PLACE}`
}

export function placeParams(place: SurveyPlace | undefined): readonly SqlValue[] {
  if (place === undefined) return []
  const { projectId: project, createdAt: at, secretId } = place
  return [project, project, project, at, at, at, secretId]
}

function placeOf(row: Row): SurveyPlace {
  return {
    projectId: projectIdIn(row),
    createdAt: time(row, 'created_at'),
    secretId: text(row, 'id') as SecretId,
  }
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ')
}
