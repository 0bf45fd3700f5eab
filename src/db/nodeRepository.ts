import type { NodeReport, NodeRepository, NodeSeen, ReportedKek } from '../domain/ports/nodes.ts'
import type { CommandRunner } from './commandRunner.ts'
import type { Reads } from './reads.ts'
import { number, text } from './rows/column.ts'

const ALL =
  'select nodes.id, nodes.name, nodes.release_name, nodes.beat, nodes.keks from nodes ' +
  'order by nodes.name, nodes.id limit 1000'

export interface NodeRepositoryParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlNodeRepository implements NodeRepository {
  readonly #parts: NodeRepositoryParts

  constructor(parts: NodeRepositoryParts) {
    this.#parts = parts
  }

  async all(): Promise<readonly NodeSeen[]> {
    const rows = await this.#parts.reads.all(ALL)
    return rows.map((row) => ({
      id: text(row, 'id'),
      name: text(row, 'name'),
      release: text(row, 'release_name'),
      beat: number(row, 'beat'),
      keks: JSON.parse(text(row, 'keks')) as readonly ReportedKek[],
    }))
  }

  async report(report: NodeReport): Promise<void> {
    return this.#parts.commands.run('reportNode', report)
  }

  async leave(id: string): Promise<void> {
    return this.#parts.commands.run('removeNode', id)
  }
}
