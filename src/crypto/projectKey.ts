import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { ProjectId } from '../lib/ids.ts'
import type { ProjectKeyId } from '../model/sealedForms.ts'
import { deriveBytes, deriveKey } from './deriveKey.ts'
import { GCM_OVERHEAD_BYTES, openGcm, sealGcm } from './gcm.ts'

export const PROJECT_KEY_BYTES = 32
export const DEK_BYTES = 32
export const WRAPPED_DEK_BYTES = DEK_BYTES + GCM_OVERHEAD_BYTES

const SALT = 'gatehouse/project-key/1'

/** The 32 bytes that tie a wrapped project key to exactly one plaintext: GCM alone does not. */
export function commitmentOf(projectKey: Uint8Array): Uint8Array {
  return deriveBytes(projectKey, SALT, 'commit')
}

export interface ProjectKeyFacts {
  readonly id: ProjectKeyId
  readonly projectId: ProjectId
  /** Name of the KEK store that wraps it. */
  readonly store: string
  readonly term: number
}

/**
 * One unwrapped term of a project's key. Only its two subkeys are kept, one for each use; the key itself
 * is the caller's, to wipe.
 */
export class ProjectKey {
  readonly id: ProjectKeyId
  readonly projectId: ProjectId
  readonly store: string
  readonly term: number
  readonly #dekWrap: KeyObject
  readonly #rowMac: KeyObject

  constructor(facts: ProjectKeyFacts, projectKey: Uint8Array) {
    this.id = facts.id
    this.projectId = facts.projectId
    this.store = facts.store
    this.term = facts.term
    this.#dekWrap = deriveKey(projectKey, SALT, 'dek-wrap')
    this.#rowMac = deriveKey(projectKey, SALT, 'row-mac')
  }

  rowMac(input: Uint8Array): Buffer {
    return createHmac('sha256', this.#rowMac).update(input).digest()
  }

  /** Writes the wrapped DEK behind the nonce that stands at `at` in `into`. */
  wrapDek(dek: Uint8Array, associatedData: Uint8Array, into: Uint8Array, at: number): void {
    sealGcm(this.#dekWrap, associatedData, dek, into, at)
  }

  /**
   * The DEK of one envelope under the key of another. Header and nonce stand in both already.
   * @throws when the wrapped DEK at `at` was not wrapped by this key for this row
   */
  moveDek(
    from: { readonly envelope: Uint8Array; readonly associatedData: Uint8Array },
    to: {
      readonly key: ProjectKey
      readonly envelope: Uint8Array
      readonly associatedData: () => Uint8Array
    },
    at: number,
  ): void {
    const end = at + WRAPPED_DEK_BYTES
    const dek = openGcm(this.#dekWrap, from.associatedData, from.envelope, at, end)
    try {
      to.key.wrapDek(dek, to.associatedData(), to.envelope, at)
    } finally {
      dek.fill(0)
    }
  }

  /** @throws when the wrapped DEK at `at` was not wrapped by this key for this row */
  unwrapDek(sealed: Uint8Array, at: number, associatedData: Uint8Array): KeyObject {
    const dek = openGcm(this.#dekWrap, associatedData, sealed, at, at + WRAPPED_DEK_BYTES)
    try {
      return createSecretKey(dek)
    } finally {
      dek.fill(0)
    }
  }
}
