import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'

export const NONCE_BYTES = 12
export const TAG_BYTES = 16
/** What `nonce | ciphertext | tag` adds to a plaintext. */
export const GCM_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES

const ALGORITHM = 'aes-256-gcm'
const OPTIONS = { authTagLength: TAG_BYTES } as const

/** Writes `ciphertext | tag` behind the nonce that stands at `at` in `into`. */
export function sealGcm(
  key: KeyObject,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
  into: Uint8Array,
  at: number,
): void {
  const body = at + NONCE_BYTES
  const cipher = createCipheriv(ALGORITHM, key, into.subarray(at, body), OPTIONS)
  cipher.setAAD(associatedData)
  // GCM is a stream: update gives every byte, final gives none.
  into.set(cipher.update(plaintext), body)
  cipher.final()
  into.set(cipher.getAuthTag(), body + plaintext.length)
}

/**
 * Opens the `nonce | ciphertext | tag` that stands between `from` and `to`.
 * @throws when the tag does not match; nothing of the plaintext is left behind
 */
export function openGcm(
  key: KeyObject,
  associatedData: Uint8Array,
  sealed: Uint8Array,
  from: number,
  to: number,
): Buffer {
  const body = from + NONCE_BYTES
  const tag = to - TAG_BYTES
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(from, body), OPTIONS)
  decipher.setAAD(associatedData)
  decipher.setAuthTag(sealed.subarray(tag, to))
  const plaintext = decipher.update(sealed.subarray(body, tag))
  try {
    decipher.final()
  } catch (cause) {
    plaintext.fill(0)
    throw cause
  }
  return plaintext
}
