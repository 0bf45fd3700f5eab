import { type KeyObject, type ScryptOptions, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { deriveBytes } from '../deriveKey.ts'
import type { ScryptCost } from './protection.ts'

const SEALING_KEY_BYTES = 32
/** A header written by someone else must not take all our memory or time. */
const MAX_SCRYPT_MEMORY_BYTES = 1024 ** 3
const MAX_SCRYPT_PARALLELISM = 16

/** In libuv's pool: at its usual cost it takes most of a second. */
const scryptInPool: (
  passphrase: Uint8Array,
  salt: Uint8Array,
  bytes: number,
  options: ScryptOptions,
) => Promise<Buffer> = promisify(scrypt)

/** @returns the bytes a keyring's body is sealed under; the caller wipes them */
export async function sealingKeyFromPassphrase(
  passphrase: KeyObject,
  salt: Uint8Array,
  { N, r, p }: ScryptCost,
): Promise<Uint8Array> {
  if (128 * N * r > MAX_SCRYPT_MEMORY_BYTES || p > MAX_SCRYPT_PARALLELISM) {
    throw new StartupRefusal('The keyring asks for more scrypt work than any keyring should.')
  }
  // OpenSSL counts a little more than scrypt's own 128 * N * r.
  const maxmem = 128 * r * (N + p + 2) + 1024 * 1024
  const bytes = passphrase.export()
  try {
    return await scryptInPool(bytes, salt, SEALING_KEY_BYTES, { N, r, p, maxmem })
  } catch (cause) {
    throw new StartupRefusal('scrypt refuses the numbers in the keyring.', { cause })
  } finally {
    bytes.fill(0)
  }
}

/** @returns the bytes a keyring's body is sealed under; the caller wipes them */
export function sealingKeyFromCredential(credential: KeyObject, salt: Uint8Array): Uint8Array {
  const bytes = credential.export()
  try {
    return deriveBytes(bytes, salt, 'gatehouse/keyring/credential/1')
  } finally {
    bytes.fill(0)
  }
}
