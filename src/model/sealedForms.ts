import type { Brand } from '../lib/brand.ts'

/**
 * Where things stand inside sealed bytes (design 4). Binary, never base64.
 *
 *   envelope: format 1 | algorithm 1 | flags 2 | project-key id 8 | wrapped DEK 60 | nonce 12 | ciphertext | tag 16
 *   row MAC:  project-key id 8 | HMAC-SHA256 32
 *
 * The database needs only the project-key ids, to lock the keys that a new row depends on.
 */
export const PROJECT_KEY_ID_BYTES = 8
export const ENVELOPE_HEADER_BYTES = 12
export const ENVELOPE_OVERHEAD_BYTES = 12 + 60 + 12 + 16
export const ROW_MAC_BYTES = 40

/** 8 random bytes that name one term of one project's key. */
export type ProjectKeyId = Brand<Uint8Array, 'ProjectKeyId'>

export function projectKeyIdOfEnvelope(envelope: Uint8Array): ProjectKeyId {
  return envelope.subarray(4, ENVELOPE_HEADER_BYTES) as ProjectKeyId
}

export function projectKeyIdOfRowMac(rowMac: Uint8Array): ProjectKeyId {
  return rowMac.subarray(0, PROJECT_KEY_ID_BYTES) as ProjectKeyId
}
