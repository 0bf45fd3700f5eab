import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'

const DERIVED_BYTES = 32

/** HKDF-SHA256. `salt` separates kinds of input keys, `label` the uses of one key. The caller wipes the answer. */
export function deriveBytes(
  key: Uint8Array | KeyObject,
  salt: string | Uint8Array,
  label: string,
  bytes = DERIVED_BYTES,
): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, label, bytes))
}

export function deriveKey(
  key: Uint8Array | KeyObject,
  salt: string | Uint8Array,
  label: string,
): KeyObject {
  const bytes = deriveBytes(key, salt, label)
  try {
    return createSecretKey(bytes)
  } finally {
    bytes.fill(0)
  }
}
