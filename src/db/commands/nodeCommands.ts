import type { NodeReport } from '../../domain/ports/nodes.ts'
import type { Dialect } from '../dialect.ts'
import { insertInto } from '../insertInto.ts'
import type { Statements } from '../statement.ts'

export function* reportNode(_dialect: Dialect, report: NodeReport): Statements<void> {
  const keks = JSON.stringify(report.keks)
  const { changes } = yield {
    sql: 'update nodes set name = ?, release_name = ?, keks = ?, beat = beat + 1 where nodes.id = ?',
    params: [report.name, report.release, keks, report.id],
    isAlone: true,
  }
  if (changes > 0) return
  const { id, name, release } = report
  yield insertInto('nodes', { id, name, release_name: release, beat: 0, keks })
}

export function* removeNode(_dialect: Dialect, id: string): Statements<void> {
  yield { sql: 'delete from nodes where nodes.id = ?', params: [id], isAlone: true }
}
