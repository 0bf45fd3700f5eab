import { timingSafeEqual } from 'node:crypto'
import type { Alarms, Integrity } from '../domain/ports/crypto.ts'
import { Fault } from '../lib/fault.ts'
import type { ProtectedRecord, Stored, Verified } from '../model/record.ts'
import { PROJECT_KEY_ID_BYTES, projectKeyIdOfRowMac, ROW_MAC_BYTES } from '../model/sealedForms.ts'
import type { Keyring } from './keyring.ts'
import type { ProjectKey } from './projectKey.ts'
import { RowMacInput } from './rowMacInput.ts'

export interface RowIntegrityParts {
  readonly keyring: Keyring
  readonly deploymentId: string
  readonly alarms: Alarms
  /** True while no project key is fetched that is not at hand: there is more to do than can be done (ADR 0043). */
  readonly isSparing?: () => boolean
}

/** Makes and checks row MACs; the only place that turns a stored record into a verified one. */
export class RowIntegrity implements Integrity {
  readonly #keyring: Keyring
  readonly #alarms: Alarms
  readonly #input: RowMacInput
  readonly #isSparing: () => boolean

  constructor(parts: RowIntegrityParts) {
    this.#keyring = parts.keyring
    this.#alarms = parts.alarms
    this.#input = new RowMacInput(parts.deploymentId)
    this.#isSparing = parts.isSparing ?? (() => false)
  }

  async verified<T extends ProtectedRecord>(
    record: Stored<T> | undefined,
  ): Promise<Verified<T> | undefined> {
    if (record === undefined) return undefined
    const { rowMac } = record
    if (rowMac === null) throw this.#damaged(record, 'row MAC is missing')
    if (rowMac.length !== ROW_MAC_BYTES) throw this.#damaged(record, 'row MAC has a wrong length')
    const keyId = projectKeyIdOfRowMac(rowMac)
    const found = this.#isSparing() ? this.#keyring.findAtHand(keyId) : this.#keyring.find(keyId)
    const key = found instanceof Promise ? await found : found
    const what =
      key === undefined ? 'project key of the row MAC is gone' : this.#flaw(key, record, rowMac)
    if (what !== undefined) throw this.#damaged(record, what)
    return record as Stored<T> as Verified<T>
  }

  async protect<T extends ProtectedRecord>(
    record: T,
    besideMac?: Uint8Array,
  ): Promise<Stored<T> & { readonly rowMac: Uint8Array }> {
    const { projectId } = record
    const found =
      besideMac === undefined
        ? this.#keyring.active(projectId)
        : this.#keyring.activeBeside(projectKeyIdOfRowMac(besideMac), projectId)
    return this.protectUnder(record, found instanceof Promise ? await found : found)
  }

  /** The record with its MAC under this key. */
  protectUnder<T extends ProtectedRecord>(
    record: T,
    key: ProjectKey,
  ): Stored<T> & { readonly rowMac: Uint8Array } {
    const rowMac = Buffer.allocUnsafeSlow(ROW_MAC_BYTES)
    rowMac.set(key.id)
    rowMac.set(key.rowMac(this.#input.of(record)), PROJECT_KEY_ID_BYTES)
    return { ...record, rowMac }
  }

  #flaw(key: ProjectKey, record: ProtectedRecord, rowMac: Uint8Array): string | undefined {
    if (key.projectId !== record.projectId) return 'row MAC names the key of another project'
    const expected = key.rowMac(this.#input.of(record))
    if (!timingSafeEqual(expected, rowMac.subarray(PROJECT_KEY_ID_BYTES))) {
      return 'row MAC does not match'
    }
    if (record.kind !== 'secret') return undefined
    // The content type is under the MAC: it says whether a payload was ever stored.
    const hasPayload = 'envelope' in record ? record.envelope !== null : record.hasPayload
    if (hasPayload !== (record.contentType !== null)) return 'envelope was removed or added'
    return undefined
  }

  #damaged(record: ProtectedRecord, what: string): Fault {
    const { kind, id, projectId } = record
    this.#alarms.integrity({ what, kind, id, projectId })
    return new Fault('corrupted', `The stored ${kind} ${id}: ${what}.`)
  }
}
