import { timingSafeEqual } from 'node:crypto'
import type { Alarms, WrappedKey } from '../domain/ports/crypto.ts'
import type { ProjectKeyRow } from '../domain/ports/keyRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import { PROJECT_KEY_ID_BYTES, type ProjectKeyId } from '../model/sealedForms.ts'
import { projectKeyContext } from './associatedData.ts'
import type { KekCalls } from './kekCalls.ts'
import type { KekStoresInUse } from './kekStoresInUse.ts'
import { commitmentOf, PROJECT_KEY_BYTES, ProjectKey } from './projectKey.ts'

export interface ProjectKeyMakerParts {
  readonly kekStores: KekStoresInUse
  readonly deploymentId: string
  readonly clock: Clock
  readonly alarms: Alarms
  readonly random: (bytes: number) => Buffer
}

/** The two ways to a project key in clear: make one, or have the KEK store unwrap its row. */
export class ProjectKeyMaker {
  readonly #kekStores: KekStoresInUse
  readonly #deploymentId: string
  readonly #clock: Clock
  readonly #alarms: Alarms
  readonly #random: (bytes: number) => Buffer

  constructor(parts: ProjectKeyMakerParts) {
    this.#kekStores = parts.kekStores
    this.#deploymentId = parts.deploymentId
    this.#clock = parts.clock
    this.#alarms = parts.alarms
    this.#random = parts.random
  }

  async make(
    kekCalls: KekCalls,
    projectId: ProjectId,
    term: number,
  ): Promise<{ readonly row: ProjectKeyRow; readonly key: ProjectKey }> {
    const id = this.#random(PROJECT_KEY_ID_BYTES) as Uint8Array as ProjectKeyId
    const bytes = this.#random(PROJECT_KEY_BYTES)
    try {
      const context = projectKeyContext(this.#deploymentId, projectId, id)
      const wrapped = await kekCalls.wrap(bytes, context)
      const row: ProjectKeyRow = {
        id,
        projectId,
        store: kekCalls.storeName,
        term,
        state: 'active',
        wrapped,
        commitment: commitmentOf(bytes),
        createdAt: this.#clock.now(),
      }
      return { row, key: new ProjectKey(row, bytes) }
    } finally {
      bytes.fill(0)
    }
  }

  /**
   * @throws Fault('notFound') when the key was destroyed with its project
   * @throws Fault('corrupted') when the row is not what we wrote; the alarm was raised
   */
  async unwrap(row: ProjectKeyRow): Promise<ProjectKey> {
    // What it sealed is about to go; until then it is gone for whoever asks, and nobody tampered.
    if (row.state === 'destroying' && row.wrapped.blob.length === 0) {
      throw new Fault('notFound', 'Not found: its project was deleted.')
    }
    const kekStore = this.#kekStores.named(row.store)
    if (kekStore === undefined) {
      throw this.#damaged(row, `project key names the KEK store ${row.store}, which is not here`)
    }
    const context = projectKeyContext(this.#deploymentId, row.projectId, row.id)
    const bytes = await this.#unwrapBytes(kekStore.calls, row, context)
    try {
      if (bytes.length !== PROJECT_KEY_BYTES || !isCommittedTo(bytes, row.commitment)) {
        throw this.#damaged(row, 'project key does not match its commitment')
      }
      return new ProjectKey(row, bytes)
    } finally {
      bytes.fill(0)
    }
  }

  /** Under which KEK a store wraps now. */
  currentKek(store: string): string {
    return this.#kekStores.present(store).calls.currentKekId
  }

  /**
   * The same key under the current KEK of its store, opened once more to see that it came through.
   * undefined: it is under that one.
   */
  async rewrap(row: ProjectKeyRow): Promise<WrappedKey | undefined> {
    const kekStore = this.#kekStores.named(row.store)
    if (kekStore === undefined) {
      throw this.#damaged(row, `project key names the KEK store ${row.store}, which is not here`)
    }
    if (row.wrapped.kekId === kekStore.calls.currentKekId) return undefined
    const context = projectKeyContext(this.#deploymentId, row.projectId, row.id)
    const bytes = await this.#unwrapBytes(kekStore.calls, row, context)
    try {
      if (bytes.length !== PROJECT_KEY_BYTES || !isCommittedTo(bytes, row.commitment)) {
        throw this.#damaged(row, 'project key does not match its commitment')
      }
      const wrapped = await kekStore.calls.wrap(bytes, context)
      const opened = await kekStore.calls.unwrap(wrapped, context)
      try {
        if (isCommittedTo(opened, row.commitment)) return wrapped
        throw new Error(`KEK store ${row.store} does not give back what it wrapped.`)
      } finally {
        opened.fill(0)
      }
    } finally {
      bytes.fill(0)
    }
  }

  async #unwrapBytes(
    kekCalls: KekCalls,
    row: ProjectKeyRow,
    context: Uint8Array,
  ): Promise<Uint8Array> {
    try {
      return await kekCalls.unwrap(row.wrapped, context)
    } catch (cause) {
      if (cause instanceof Fault && cause.kind === 'corrupted') {
        throw this.#damaged(row, 'wrapped project key does not open', cause)
      }
      throw cause
    }
  }

  #damaged(row: ProjectKeyRow, what: string, cause?: unknown): Fault {
    const id = Buffer.from(row.id).toString('hex')
    this.#alarms.integrity({ what, kind: 'project-key', id, projectId: row.projectId })
    return new Fault('corrupted', `Project key ${id}: ${what}.`, { cause })
  }
}

function isCommittedTo(projectKey: Uint8Array, commitment: Uint8Array): boolean {
  const ours = commitmentOf(projectKey)
  return ours.length === commitment.length && timingSafeEqual(ours, commitment)
}
