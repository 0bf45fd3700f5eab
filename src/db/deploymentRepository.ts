import type {
  CanaryRow,
  DeploymentRepository,
  DeploymentState,
} from '../domain/ports/keyRepositories.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { CommandRunner } from './commandRunner.ts'
import { DEPLOYMENT_ID, STORES_IN_USE } from './commands/deploymentCommands.ts'
import type { Reads } from './reads.ts'
import { bytes, text, time, timeOrNull } from './rows/column.ts'
import type { Row, Statements } from './statement.ts'

const CANARIES =
  'select kek_canaries.store, kek_canaries.kek_id, kek_canaries.wrapped, ' +
  'kek_canaries.fingerprint, kek_canaries.created_at, kek_canaries.retired_at from kek_canaries ' +
  'order by kek_canaries.store, kek_canaries.kek_id'

export interface DeploymentRepositoryParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlDeploymentRepository implements DeploymentRepository {
  readonly #parts: DeploymentRepositoryParts

  constructor(parts: DeploymentRepositoryParts) {
    this.#parts = parts
  }

  async read(): Promise<DeploymentState> {
    return this.#parts.reads.snapshot(readDeployment)
  }

  async establish(
    deploymentId: string,
    createdAt: Timestamp,
  ): Promise<string | 'holdsProjectKeys'> {
    return this.#parts.commands.run('establishDeployment', deploymentId, createdAt)
  }

  async addCanary(canary: CanaryRow): Promise<void> {
    return this.#parts.commands.run('addKekCanary', canary)
  }

  async retireCanary(store: string, kekId: string, at: Timestamp | null): Promise<void> {
    return this.#parts.commands.run('retireKekCanary', store, kekId, at)
  }

  async removeCanary(store: string, kekId: string): Promise<boolean> {
    return this.#parts.commands.run('removeKekCanary', store, kekId)
  }
}

function* readDeployment(): Statements<DeploymentState> {
  const deployment = yield { sql: DEPLOYMENT_ID, params: [] }
  const canaries = yield { sql: CANARIES, params: [] }
  const inUse = yield { sql: STORES_IN_USE, params: [] }
  const [singleton] = deployment.rows
  return {
    deploymentId: singleton === undefined ? undefined : text(singleton, 'deployment_id'),
    canaries: canaries.rows.map(canaryOfRow),
    storesInUse: inUse.rows.map((row) => text(row, 'store')),
  }
}

function canaryOfRow(row: Row): CanaryRow {
  const retiredAt = timeOrNull(row, 'retired_at')
  return {
    store: text(row, 'store'),
    wrapped: { kekId: text(row, 'kek_id'), blob: bytes(row, 'wrapped') },
    fingerprint: text(row, 'fingerprint'),
    createdAt: time(row, 'created_at'),
    ...(retiredAt === null ? {} : { retiredAt }),
  }
}
