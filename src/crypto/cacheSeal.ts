import { createHmac, type KeyObject, randomFillSync } from 'node:crypto'
import type { CacheSeal } from '../domain/ports/cacheSeal.ts'
import { deriveKey } from './deriveKey.ts'
import { FieldWriter } from './fieldWriter.ts'
import { GCM_OVERHEAD_BYTES, NONCE_BYTES, openGcm, sealGcm } from './gcm.ts'

const LABEL = 'gatehouse/token-cache/1'
const PREFIX = 'gatehouse:token:1:'

/**
 * Seals what nodes share in a cache under keys that follow from a secret file of theirs and the id of the
 * deployment. Every name has a key of its own, because one key for all would meet the bound on random nonces
 * (SP 800-38D 8.3, 2^32) within weeks in a busy cloud; under one name a token is sealed once per validation.
 */
export class SharedCacheSeal implements CacheSeal {
  readonly #secret: KeyObject
  readonly #nameKey: KeyObject
  readonly #deploymentId: string
  readonly #fields = new FieldWriter()

  constructor(secret: KeyObject, deploymentId: string) {
    this.#secret = secret
    this.#deploymentId = deploymentId
    this.#nameKey = deriveKey(secret, deploymentId, `${LABEL}/name`)
  }

  nameOf(space: string, key: string): string {
    const fields = this.#fields.restart().text(space).text(key).written()
    const mac = createHmac('sha256', this.#nameKey).update(fields).digest('base64url')
    return `${PREFIX}${mac}`
  }

  seal(name: string, content: Uint8Array): Buffer {
    const sealed = Buffer.allocUnsafeSlow(content.length + GCM_OVERHEAD_BYTES)
    randomFillSync(sealed, 0, NONCE_BYTES)
    sealGcm(this.#keyOf(name), this.#associated(name), content, sealed, 0)
    return sealed
  }

  open(name: string, sealed: Uint8Array): Buffer | undefined {
    if (sealed.length < GCM_OVERHEAD_BYTES) return undefined
    try {
      return openGcm(this.#keyOf(name), this.#associated(name), sealed, 0, sealed.length)
    } catch {
      // Whoever wrote it: it is none of ours, and whoever asks does without.
      return undefined
    }
  }

  #keyOf(name: string): KeyObject {
    return deriveKey(this.#secret, this.#deploymentId, `${LABEL}/seal/${name}`)
  }

  #associated(name: string): Uint8Array {
    return this.#fields.restart().text(LABEL).text(this.#deploymentId).text(name).written()
  }
}
