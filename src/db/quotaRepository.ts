import type { QuotaRepository } from '../domain/ports/projectRepositories.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { Page, PageRequest } from '../model/page.ts'
import type { ProjectQuotas, QuotaResource } from '../model/quota.ts'
import type { CommandRunner } from './commandRunner.ts'
import type { Reads } from './reads.ts'
import { number } from './rows/column.ts'
import { QUOTA_COLUMNS, quotasOfRow } from './rows/quotaRow.ts'
import type { Statements } from './statement.ts'

const FIND = `select ${QUOTA_COLUMNS.join(', ')} from project_quotas where project_quotas.project_id = ?`
const PAGE =
  `select ${QUOTA_COLUMNS.join(', ')} from project_quotas ` +
  'order by project_quotas.created_at, project_quotas.project_id limit ? offset ?'
const COUNT = 'select count(*) as total from project_quotas'

export interface QuotaRepositoryParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlQuotaRepository implements QuotaRepository {
  readonly #parts: QuotaRepositoryParts

  constructor(parts: QuotaRepositoryParts) {
    this.#parts = parts
  }

  async find(projectId: ProjectId): Promise<ProjectQuotas | undefined> {
    const row = await this.#parts.reads.first(FIND, projectId)
    return row === undefined ? undefined : quotasOfRow(row)
  }

  async list(page: PageRequest): Promise<Page<ProjectQuotas>> {
    return this.#parts.reads.snapshot(() => listQuotas(page))
  }

  async set(
    projectId: ProjectId,
    given: Readonly<Partial<Record<QuotaResource, number>>>,
    now: Timestamp,
  ): Promise<void> {
    return this.#parts.commands.run('setProjectQuotas', projectId, given, now)
  }

  async remove(projectId: ProjectId): Promise<'changed' | 'gone'> {
    return this.#parts.commands.run('removeProjectQuotas', projectId)
  }
}

function* listQuotas({ limit, offset }: PageRequest): Statements<Page<ProjectQuotas>> {
  const page = yield { sql: PAGE, params: [limit, offset] }
  const count = yield { sql: COUNT, params: [] }
  const total = count.rows[0] === undefined ? 0 : number(count.rows[0], 'total')
  return { items: page.rows.map(quotasOfRow), total }
}
