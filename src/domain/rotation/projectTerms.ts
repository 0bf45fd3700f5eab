import type { ProjectId } from '../../lib/ids.ts'
import type { ProjectKeyId } from '../../model/sealedForms.ts'
import type { ProjectKeyRow } from '../ports/keyRepositories.ts'
import type { WalkedRecord } from '../ports/rotation.ts'

/** The terms of one project, and which of them a record should be under. */
export class ProjectTerms {
  readonly projectId: ProjectId
  readonly #rows: ReadonlyMap<string, ProjectKeyRow>
  readonly #activeByStore: ReadonlyMap<string, string>
  /** The store that everything goes to; undefined: each record stays in its own. */
  readonly #toStore: string | undefined

  constructor(projectId: ProjectId, rows: readonly ProjectKeyRow[], toStore: string | undefined) {
    this.projectId = projectId
    this.#rows = new Map(rows.map((row) => [hexOf(row.id), row]))
    this.#activeByStore = new Map(
      rows.filter(({ state }) => state === 'active').map((row) => [row.store, hexOf(row.id)]),
    )
    this.#toStore = toStore
  }

  /** KEK stores that it has keys in. */
  get stores(): readonly string[] {
    return [...new Set([...this.#rows.values()].map(({ store }) => store))]
  }

  /** Is the record, or what is sealed in it, under another key than it should be? */
  isToMove({ macKey, envelopeKey }: WalkedRecord): boolean {
    return !this.#isRight(macKey) || (envelopeKey !== null && !this.#isRight(envelopeKey))
  }

  /** Terms that are kept for what lies under them alone, and that nobody has marked yet. */
  get unmarked(): readonly ProjectKeyRow[] {
    return [...this.#rows.values()].filter((row) => {
      if (row.state === 'destroying') return false
      if (this.#toStore !== undefined && row.store !== this.#toStore) {
        return this.#activeByStore.has(this.#toStore)
      }
      return row.state === 'decrypt-only' && this.#activeByStore.has(row.store)
    })
  }

  /** Terms that no new record may use. */
  get marked(): readonly { readonly id: ProjectKeyId; readonly hex: string }[] {
    return [...this.#rows]
      .filter(([, { state }]) => state === 'destroying')
      .map(([hex, { id }]) => ({ id, hex }))
  }

  /** Which of the keys of this record are on their way out. */
  markedOf({ macKey, envelopeKey }: WalkedRecord): readonly string[] {
    return [macKey, envelopeKey].filter(
      (key) => key !== null && this.#rows.get(key)?.state === 'destroying',
    ) as readonly string[]
  }

  #isRight(key: string | null): boolean {
    if (key === null) return false
    const store = this.#toStore ?? this.#rows.get(key)?.store
    return store !== undefined && this.#activeByStore.get(store) === key
  }
}

export function hexOf(id: Uint8Array): string {
  return Buffer.from(id).toString('hex')
}
