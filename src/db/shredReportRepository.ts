import type {
  ShredFacts,
  ShredReportRepository,
  StoredShredReport,
} from '../domain/ports/shredReports.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { CommandRunner } from './commandRunner.ts'
import type { Reads } from './reads.ts'
import { text } from './rows/column.ts'
import { SHRED_REPORT_COLUMNS, shredReportOfRow } from './rows/shredReportRow.ts'

const WHOLE = `select ${SHRED_REPORT_COLUMNS.join(', ')} from shred_reports where shred_reports.finished_at is not null`
const LATEST_FIRST = 'order by shred_reports.finished_at desc, shred_reports.project_id limit ?'
const TOMBSTONES =
  "select tombstones.id from tombstones where tombstones.kind = 'secret' and tombstones.id > ? " +
  'and tombstones.project_id = ? and tombstones.deleted_at >= ? and tombstones.deleted_at <= ? ' +
  'order by tombstones.id limit ?'
const PAGE = 1000

export interface ShredReportRepositoryParts {
  readonly reads: Reads
  readonly commands: Pick<CommandRunner, 'run'>
}

export class SqlShredReportRepository implements ShredReportRepository {
  readonly #parts: ShredReportRepositoryParts

  constructor(parts: ShredReportRepositoryParts) {
    this.#parts = parts
  }

  async list(limit: number, projectId?: ProjectId): Promise<readonly StoredShredReport[]> {
    const { reads } = this.#parts
    const rows =
      projectId === undefined
        ? await reads.all(`${WHOLE} ${LATEST_FIRST}`, limit)
        : await reads.all(
            `${WHOLE} and shred_reports.project_id = ? ${LATEST_FIRST}`,
            projectId,
            limit,
          )
    return rows.map(shredReportOfRow)
  }

  async unsigned(limit: number): Promise<readonly ShredFacts[]> {
    const sql = `${WHOLE} and shred_reports.report is null ${LATEST_FIRST}`
    return (await this.#parts.reads.all(sql, limit)).map(shredReportOfRow)
  }

  async sign({ projectId, keysDestroyedAt }: ShredFacts, report: string): Promise<boolean> {
    const bytes = Buffer.from(report, 'utf8')
    return this.#parts.commands.run('signShredReport', projectId, keysDestroyedAt, bytes)
  }

  async *secretIds({ projectId, keysDestroyedAt, finishedAt }: ShredFacts): AsyncGenerator<string> {
    for (let last = ''; ; ) {
      const rows = await this.#parts.reads.all(
        TOMBSTONES,
        ...[last, projectId, keysDestroyedAt, finishedAt, PAGE],
      )
      for (const row of rows) yield text(row, 'id')
      const end = rows.at(-1)
      if (end === undefined || rows.length < PAGE) return
      last = text(end, 'id')
    }
  }
}
