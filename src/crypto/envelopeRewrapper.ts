import type { WrappedKey } from '../domain/ports/crypto.ts'
import type { ProjectKeyRow } from '../domain/ports/keyRepositories.ts'
import type { FormatStanding, Rewrapper, WholeRecord } from '../domain/ports/rotation.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { Verified } from '../model/record.ts'
import { projectKeyIdOfRowMac } from '../model/sealedForms.ts'
import type { RowIntegrity } from './integrity.ts'
import type { Keyring } from './keyring.ts'
import type { EnvelopeSealer } from './sealer.ts'

export interface EnvelopeRewrapperParts {
  readonly keyring: Keyring
  readonly sealer: EnvelopeSealer
  readonly integrity: RowIntegrity
}

/** Moves MACs and data keys from term to term, payloads from format to format. Nothing is shown. */
export class EnvelopeRewrapper implements Rewrapper {
  readonly #keyring: Keyring
  readonly #sealer: EnvelopeSealer
  readonly #integrity: RowIntegrity

  constructor(parts: EnvelopeRewrapperParts) {
    this.#keyring = parts.keyring
    this.#sealer = parts.sealer
    this.#integrity = parts.integrity
  }

  refresh(projectId: ProjectId): void {
    this.#keyring.refreshTerms(projectId)
  }

  purge(projectId: ProjectId): void {
    this.#keyring.purge(projectId)
  }

  async rewrap(
    record: Verified<WholeRecord>,
    sealed: Uint8Array | null,
    toStore: string | undefined,
  ): Promise<{ readonly rowMac: Uint8Array; readonly sealed: Uint8Array | null }> {
    const moved =
      sealed === null || record.kind === 'container'
        ? null
        : await this.#sealer.rewrap(record, sealed, toStore)
    return { rowMac: await this.#macUnderActive(record, toStore), sealed: moved }
  }

  async reseal(
    record: Verified<WholeRecord>,
    sealed: Uint8Array,
  ): Promise<{ readonly rowMac: Uint8Array; readonly sealed: Uint8Array | null }> {
    const moved = record.kind === 'container' ? null : await this.#sealer.reseal(record, sealed)
    return { rowMac: await this.#macUnderActive(record), sealed: moved }
  }

  standing(format: number): FormatStanding {
    return this.#sealer.formats.standing(format)
  }

  async #macUnderActive(record: Verified<WholeRecord>, toStore?: string): Promise<Uint8Array> {
    const present = projectKeyIdOfRowMac(record.rowMac)
    const key =
      toStore === undefined
        ? await this.#keyring.activeBeside(present, record.projectId)
        : await this.#keyring.activeIn(toStore, record.projectId)
    return this.#integrity.protectUnder(record, key).rowMac
  }

  async prove(
    record: Verified<WholeRecord>,
    sealed: Uint8Array | null,
    depth: 'dek' | 'full',
  ): Promise<void> {
    if (sealed === null || record.kind === 'container') return
    if (depth === 'dek') await this.#sealer.proveDek(record, sealed)
    else if (record.kind === 'secret') await this.#sealer.prove(record)
    else {
      const input = await this.#sealer.orderInputs.open(record, sealed)
      input.fill(0)
    }
  }

  nextTerm(row: ProjectKeyRow): Promise<void> {
    return this.#keyring.startNextTerm(row)
  }

  rewrapKey(row: ProjectKeyRow): Promise<WrappedKey | undefined> {
    return this.#keyring.maker.rewrap(row)
  }

  currentKek(store: string): string {
    return this.#keyring.maker.currentKek(store)
  }

  async proveKey(row: ProjectKeyRow): Promise<void> {
    await this.#keyring.maker.unwrap(row)
  }
}
