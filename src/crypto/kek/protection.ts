import { createSecretKey, type KeyObject } from 'node:crypto'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import type { ShareScheme } from './shares/shareScheme.ts'

/** Reads a secret, once. What it gives is wiped after use, so it hands out a copy of its own. */
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
  | SharedProtection

/** By a key that was dealt out in shares; here it is put together again. `scheme` counts when the file is written. */
export interface SharedProtection {
  readonly kind: 'shares'
  readonly key: KeyObject
  readonly scheme: ShareScheme
}

/** The same with its secret read and found fit. */
export type HeldProtection =
  | { readonly kind: 'plain' }
  | { readonly kind: 'passphrase'; readonly secret: KeyObject; readonly cost: ScryptCost }
  | { readonly kind: 'credential'; readonly secret: KeyObject }
  | SharedProtection

/** About 0.8 s and 128 MiB for each guess. */
const DEFAULT_SCRYPT_COST: ScryptCost = { N: 2 ** 17, r: 8, p: 1 }
const MIN_CREDENTIAL_BYTES = 32
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** @throws StartupRefusal when the secret cannot be read, or is none */
export async function holdSecret(protection: KeyringProtection): Promise<HeldProtection> {
  switch (protection.kind) {
    case 'plain':
    case 'shares':
      return protection
    case 'passphrase': {
      const { kind, passphrase, cost = DEFAULT_SCRYPT_COST } = protection
      const read = typeof passphrase === 'function' ? passphrase : () => passphrase.export()
      return { kind, cost, secret: await hold(kind, read, passphraseIn) }
    }
    case 'credential':
      return { kind: protection.kind, secret: await hold('credential', protection.secret, strong) }
  }
}

async function hold(
  what: string,
  read: SecretReader,
  fit: (bytes: Uint8Array) => Uint8Array,
): Promise<KeyObject> {
  const bytes = await readOrRefuse(what, read)
  try {
    return createSecretKey(fit(bytes))
  } finally {
    bytes.fill(0)
  }
}

async function readOrRefuse(what: string, read: SecretReader): Promise<Uint8Array> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof StartupRefusal) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StartupRefusal(`The ${what} of the keyring cannot be read: ${reason}`, { cause })
  }
}

function passphraseIn(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  if (bytes[end - 1] === LINE_FEED) end -= 1
  if (end < bytes.length && bytes[end - 1] === CARRIAGE_RETURN) end -= 1
  if (end === 0) throw new StartupRefusal('The passphrase of the keyring is empty.')
  return bytes.subarray(0, end)
}

/** Nothing stretches a credential, so it must be strong by itself. */
function strong(bytes: Uint8Array): Uint8Array {
  if (bytes.length >= MIN_CREDENTIAL_BYTES) return bytes
  throw new StartupRefusal(
    `The credential of the keyring holds ${bytes.length} bytes; it must hold ${MIN_CREDENTIAL_BYTES} random ones or more.`,
  )
}
