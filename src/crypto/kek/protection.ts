import { type KeyObject, type ScryptOptions, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { deriveBytes } from '../deriveKey.ts'

/** Reads a secret when it is needed; what it gives is wiped after use. */
export type SecretReader = () => Uint8Array | Promise<Uint8Array>

export interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** How the keyring file is protected at rest. */
export type KeyringProtection =
  /** By file permissions alone: for development. */
  | { readonly kind: 'plain' }
  /** A line break at its end is not part of the passphrase. `cost` counts when the file is written. */
  | {
      readonly kind: 'passphrase'
      readonly passphrase: KeyObject | SecretReader
      readonly cost?: ScryptCost
    }
  /** A systemd credential, or anything else that holds 32 random bytes or more. */
  | { readonly kind: 'credential'; readonly secret: SecretReader }

export const DEFAULT_SCRYPT_COST: ScryptCost = { N: 2 ** 17, r: 8, p: 1 }
/** Beyond these a header written by someone else would take our memory. */
const MAX_SCRYPT_COST: ScryptCost = { N: 2 ** 20, r: 32, p: 16 }
const MIN_CREDENTIAL_BYTES = 32
const SEALING_KEY_BYTES = 32
const scryptInPool: (
  passphrase: Uint8Array,
  salt: Uint8Array,
  bytes: number,
  options: ScryptOptions,
) => Promise<Buffer> = promisify(scrypt)
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** @returns the 32 bytes the file's body is sealed under; the caller wipes them */
export async function sealingKeyFromPassphrase(
  passphrase: KeyObject | SecretReader,
  salt: Uint8Array,
  cost: ScryptCost,
): Promise<Uint8Array> {
  if (cost.N > MAX_SCRYPT_COST.N || cost.r > MAX_SCRYPT_COST.r || cost.p > MAX_SCRYPT_COST.p) {
    throw new StartupRefusal('The keyring asks for more scrypt work than any keyring should.')
  }
  const bytes = typeof passphrase === 'function' ? await passphrase() : passphrase.export()
  try {
    const line = withoutLineBreak(bytes)
    if (line.length === 0) throw new StartupRefusal('The passphrase of the keyring is empty.')
    return await scryptOffLoop(line, salt, cost)
  } finally {
    bytes.fill(0)
  }
}

/** @returns the 32 bytes the file's body is sealed under; the caller wipes them */
export async function sealingKeyFromCredential(
  secret: SecretReader,
  salt: Uint8Array,
): Promise<Uint8Array> {
  const bytes = await secret()
  try {
    if (bytes.length < MIN_CREDENTIAL_BYTES) {
      throw new StartupRefusal(
        `The credential of the keyring holds ${bytes.length} bytes; it must hold ${MIN_CREDENTIAL_BYTES} random ones or more, because nothing stretches it.`,
      )
    }
    return deriveBytes(bytes, salt, 'gatehouse/keyring/credential/1')
  } finally {
    bytes.fill(0)
  }
}

function withoutLineBreak(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  if (bytes[end - 1] === LINE_FEED) end -= 1
  if (end < bytes.length && bytes[end - 1] === CARRIAGE_RETURN) end -= 1
  return bytes.subarray(0, end)
}

async function scryptOffLoop(
  passphrase: Uint8Array,
  salt: Uint8Array,
  { N, r, p }: ScryptCost,
): Promise<Uint8Array> {
  // OpenSSL counts a little more than scrypt's own 128 * N * r.
  const maxmem = 128 * r * (N + p + 2) + 1024 * 1024
  try {
    return await scryptInPool(passphrase, salt, SEALING_KEY_BYTES, { N, r, p, maxmem })
  } catch (cause) {
    throw new StartupRefusal('scrypt refuses the numbers in the keyring.', { cause })
  }
}
