import type {
  CanaryRow,
  DeploymentRepository,
  DeploymentState,
  ProjectKeyRepository,
  ProjectKeyRow,
} from '../../src/domain/ports/keyRepositories.ts'
import { unavailable } from '../../src/lib/fault.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import type { ProjectKeyId } from '../../src/model/sealedForms.ts'

/** Project keys in memory, with doors for a test to damage them through. */
export class MemoryProjectKeys implements ProjectKeyRepository {
  /** How often each method was called. */
  readonly calls = { active: 0, find: 0, activate: 0, reserveWraps: 0 }
  /** Projects that hold secrets or orders, for the answer 'orphans'. */
  readonly projectsWithRecords = new Set<ProjectId>()
  isDown = false
  #rows: ProjectKeyRow[] = []
  readonly #reserved = new Map<string, number>()

  get rows(): readonly ProjectKeyRow[] {
    return this.#rows
  }

  /** Rows that were made elsewhere. */
  add(rows: readonly ProjectKeyRow[]): void {
    this.#rows.push(...rows)
  }

  /** What someone with write access to the database could do. */
  tamper(change: (row: ProjectKeyRow) => ProjectKeyRow | undefined): void {
    this.#rows = this.#rows.flatMap((row) => change(row) ?? [])
  }

  reservedOf(id: ProjectKeyId): number {
    return this.#reserved.get(nameOf(id)) ?? 0
  }

  async active(projectId: ProjectId, store: string): Promise<ProjectKeyRow | undefined> {
    this.#answer('active')
    return this.#activeOf(projectId, store)
  }

  async find(id: ProjectKeyId): Promise<ProjectKeyRow | undefined> {
    this.#answer('find')
    return this.#rows.find((row) => isSame(row.id, id))
  }

  async activate(row: ProjectKeyRow): Promise<ProjectKeyRow | 'orphans'> {
    this.#answer('activate')
    const terms = this.#rows.filter((old) => isOfSameLine(old, row))
    if (Math.max(0, ...terms.map((old) => old.term)) < row.term) {
      if (row.term === 1 && this.#lostItsKey(row.projectId)) return 'orphans'
      this.#rows = this.#rows.map((old) =>
        isOfSameLine(old, row) && old.state === 'active' ? { ...old, state: 'decrypt-only' } : old,
      )
      this.#rows.push(row)
    }
    const active = this.#activeOf(row.projectId, row.store)
    if (active === undefined) throw new Error('There are later terms, and none is active.')
    return active
  }

  async reserveWraps(id: ProjectKeyId, count: number): Promise<number> {
    this.#answer('reserveWraps')
    if (!this.#rows.some((row) => isSame(row.id, id))) throw new Error('That project key is gone.')
    const before = this.reservedOf(id)
    this.#reserved.set(nameOf(id), before + count)
    return before
  }

  #lostItsKey(projectId: ProjectId): boolean {
    const hasKey = this.#rows.some((row) => row.projectId === projectId)
    return !hasKey && this.projectsWithRecords.has(projectId)
  }

  #activeOf(projectId: ProjectId, store: string): ProjectKeyRow | undefined {
    return this.#rows.find(
      (row) => row.projectId === projectId && row.store === store && row.state === 'active',
    )
  }

  #answer(method: keyof MemoryProjectKeys['calls']): void {
    this.calls[method] += 1
    if (this.isDown) throw unavailable('The database is away.')
  }
}

/** Deployment id and canaries in memory. */
export class MemoryDeployment implements DeploymentRepository {
  state: DeploymentState = { deploymentId: undefined, canaries: [], storesInUse: [] }

  async read(): Promise<DeploymentState> {
    return this.state
  }

  async establish(deploymentId: string): Promise<string | 'holdsProjectKeys'> {
    if (this.state.deploymentId !== undefined) return this.state.deploymentId
    if (this.state.storesInUse.length > 0) return 'holdsProjectKeys'
    this.state = { ...this.state, deploymentId }
    return deploymentId
  }

  async addCanary(canary: CanaryRow): Promise<void> {
    const isThere = this.state.canaries.some(
      ({ store, wrapped }) => store === canary.store && wrapped.kekId === canary.wrapped.kekId,
    )
    if (!isThere) this.state = { ...this.state, canaries: [...this.state.canaries, canary] }
  }
}

/** Terms of one project in one KEK store follow each other. */
function isOfSameLine(a: ProjectKeyRow, b: ProjectKeyRow): boolean {
  return a.projectId === b.projectId && a.store === b.store
}

function nameOf(id: ProjectKeyId): string {
  return Buffer.from(id).toString('hex')
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
