import { createHash, randomBytes, randomFillSync } from 'node:crypto'
import { Fault } from '../../../lib/fault.ts'
import { deriveKey } from '../../deriveKey.ts'
import { GCM_OVERHEAD_BYTES, NONCE_BYTES, openGcm, sealGcm, TAG_BYTES } from '../../gcm.ts'
import { KEK_BYTES } from '../kek.ts'
import { boundTo } from '../unseenKek.ts'
import type { KmipClient } from './kmipClient.ts'
import { KmipUnreachable } from './kmipConnection.ts'

/** One way to wrap with a key that stays at the server. */
export interface KmipWrapping {
  /** First byte of what it wraps. */
  readonly format: number
  readonly bytes: number
  wrap(
    kekId: string,
    key: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array>
  /**
   * @param blob is of this format and length
   * @throws Fault('corrupted') when it is known here that the blob is at fault
   * @throws KmipRefusal, KmipUnreachable
   */
  unwrap(
    kekId: string,
    blob: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array>
}

const GCM_LABEL = 'gatehouse/kmip-wrap/1'
const DERIVED_LABEL = 'gatehouse/kmip-derived-wrap/1'

/**
 * The server's own AES-GCM with the context as additional data: KMIP 1.4.
 * `format 1 | nonce 12 | wrapped key 32 | tag 16`
 */
export function gcmWrapping(client: KmipClient): KmipWrapping {
  const format = 1
  const bytes = 1 + KEK_BYTES + GCM_OVERHEAD_BYTES
  return {
    format,
    bytes,
    wrap: async (kekId, key, context, signal) => {
      const nonce = randomBytes(NONCE_BYTES)
      const additionalData = boundTo(GCM_LABEL, kekId, context)
      const sealed = await client.encryptGcm(kekId, key, { nonce, additionalData }, signal)
      const blob = Buffer.concat([Uint8Array.of(format), nonce, sealed.ciphertext, sealed.tag])
      if (blob.length === bytes) return blob
      throw new KmipUnreachable(`the KMIP server made ${blob.length} bytes of what makes ${bytes}`)
    },
    unwrap: async (kekId, blob, context, signal) => {
      const body = 1 + NONCE_BYTES
      const nonce = blob.subarray(1, body)
      const additionalData = boundTo(GCM_LABEL, kekId, context)
      const sealed = {
        ciphertext: blob.subarray(body, bytes - TAG_BYTES),
        tag: blob.subarray(bytes - TAG_BYTES),
      }
      const key = await client.decryptGcm(kekId, sealed, { nonce, additionalData }, signal)
      if (key.length === KEK_BYTES) return key
      throw new KmipUnreachable('the KMIP server opened another number of bytes than it was given')
    },
  }
}

const SALT_BYTES = 16
/** What is encrypted does not matter, as long as it is always the same. Not at load: OpenSSL may refuse all it is asked. */
function constant(): Buffer {
  return createHash('sha256').update(DERIVED_LABEL).digest()
}

/**
 * For servers without additional data: they encrypt a constant with a random IV, which nobody without the KEK
 * can foretell, and what comes out becomes the key of an AES-GCM of our own (ADR 0053).
 * `format 2 | salt 16 | nonce 12 | wrapped key 32 | tag 16`
 */
export function derivedWrapping(client: KmipClient): KmipWrapping {
  const format = 2
  const body = 1 + SALT_BYTES
  const bytes = body + KEK_BYTES + GCM_OVERHEAD_BYTES
  const keyOf = async (kekId: string, salt: Uint8Array, signal: AbortSignal) => {
    const stream = await client.encryptCbc(kekId, constant(), salt, signal)
    try {
      if (stream.length < KEK_BYTES) {
        throw new KmipUnreachable('the KMIP server encrypted less than it was given')
      }
      return deriveKey(stream.subarray(0, KEK_BYTES), salt, DERIVED_LABEL)
    } finally {
      stream.fill(0)
    }
  }
  return {
    format,
    bytes,
    wrap: async (kekId, key, context, signal) => {
      const blob = Buffer.allocUnsafeSlow(bytes)
      blob[0] = format
      randomFillSync(blob, 1, SALT_BYTES + NONCE_BYTES)
      const wrapping = await keyOf(kekId, blob.subarray(1, body), signal)
      sealGcm(wrapping, boundTo(DERIVED_LABEL, kekId, context), key, blob, body)
      return blob
    },
    unwrap: async (kekId, blob, context, signal) => {
      const wrapping = await keyOf(kekId, blob.subarray(1, body), signal)
      try {
        return openGcm(wrapping, boundTo(DERIVED_LABEL, kekId, context), blob, body, bytes)
      } catch (cause) {
        throw new Fault('corrupted', `The wrapped key does not open under KEK ${kekId}.`, { cause })
      }
    },
  }
}
