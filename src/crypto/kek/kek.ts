import type { KeyObject } from 'node:crypto'
import type { KekDescription } from '../../domain/ports/crypto.ts'
import { deriveBytes, deriveKey } from '../deriveKey.ts'

export const KEK_BYTES = 32
export const KEK_ID_BYTES = 8

export type KekState = KekDescription['keks'][number]['state']
export const KEK_STATES = [
  'primary',
  'active',
  'decrypt-only',
  'retired',
] as const satisfies KekState[]

/** What anyone may know of a KEK. */
export interface KekFacts {
  /** 16 hex digits, random. */
  readonly id: string
  readonly state: KekState
  readonly createdAt: string
  /** 32 hex digits that name the key without telling anything of it. */
  readonly fingerprint: string
}

const SALT = 'gatehouse/kek/1'

export function fingerprintOf(kek: Uint8Array): string {
  return Buffer.from(deriveBytes(kek, SALT, 'fingerprint', 16)).toString('hex')
}

/** A KEK as it is used: its facts and the subkey that wraps project keys. */
export class Kek {
  readonly facts: KekFacts
  readonly #wrapping: KeyObject

  /** @param bytes stay the caller's, to wipe */
  constructor(facts: KekFacts, bytes: Uint8Array) {
    this.facts = facts
    this.#wrapping = deriveKey(bytes, SALT, 'wrap')
  }

  get wrapping(): KeyObject {
    return this.#wrapping
  }
}
