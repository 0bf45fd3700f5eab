import { randomBytes, randomFillSync, timingSafeEqual } from 'node:crypto'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { deriveBytes, deriveKey } from '../deriveKey.ts'
import { GCM_OVERHEAD_BYTES, NONCE_BYTES, openGcm, sealGcm } from '../gcm.ts'
import { fingerprintOf, KEK_BYTES, type KekFacts } from './kek.ts'
import {
  headerLineOf,
  KEYRING_FORMAT,
  type KeyringHeader,
  type KeyringParts,
  versionFor,
} from './keyringForm.ts'
import type { HeldProtection } from './protection.ts'
import { sealingKeyFromCredential, sealingKeyFromPassphrase } from './sealingKey.ts'

const SALT = 'gatehouse/keyring/1'
const SALT_BYTES = 32

/**
 * A whole keyring file. `keys` holds the KEKs end to end, in the order of `facts`; it stays the caller's.
 */
export async function sealKeyring(
  facts: readonly KekFacts[],
  keys: Uint8Array,
  protection: HeldProtection,
): Promise<Buffer> {
  const described = describeProtection(protection)
  const sealingKey = await sealingKeyOf(protection, described)
  try {
    const headerLine = headerLineOf({
      format: KEYRING_FORMAT,
      version: versionFor(described),
      protection: described,
      commitment: Buffer.from(commitmentOf(sealingKey ?? keys)).toString('hex'),
      keks: [...facts],
    })
    if (sealingKey === undefined) return Buffer.concat([headerLine, keys])
    const file = Buffer.alloc(headerLine.length + keys.length + GCM_OVERHEAD_BYTES)
    file.set(headerLine)
    randomFillSync(file, headerLine.length, NONCE_BYTES)
    sealGcm(deriveKey(sealingKey, SALT, 'seal'), headerLine, keys, file, headerLine.length)
    return file
  } finally {
    sealingKey?.fill(0)
  }
}

/** @returns the KEKs end to end; the caller wipes them */
export async function openKeyringBody(
  path: string,
  { header, headerLine, body }: KeyringParts,
  protection: HeldProtection,
): Promise<Uint8Array> {
  const sealingKey = await sealingKeyOf(protection, header.protection)
  try {
    const isCommitted = timingSafeEqual(
      commitmentOf(sealingKey ?? body),
      Buffer.from(header.commitment, 'hex'),
    )
    if (!isCommitted) throw new StartupRefusal(REFUSALS[protection.kind](path))
    const keys =
      sealingKey === undefined ? Buffer.from(body) : openBody(path, sealingKey, headerLine, body)
    refuseOtherKeys(path, header, keys)
    return keys
  } finally {
    sealingKey?.fill(0)
  }
}

const REFUSALS = {
  plain: damaged,
  passphrase: (path) => notTheSecret(path, 'passphrase'),
  credential: (path) => notTheSecret(path, 'credential'),
  shares: (path) => `The shares given are not those the keyring ${path} was sealed with.`,
} satisfies Record<HeldProtection['kind'], (path: string) => string>

function notTheSecret(path: string, what: string): string {
  return `The ${what} given is not the one the keyring ${path} was sealed with, or the first line of the file was changed.`
}

function damaged(path: string): string {
  return `The keyring ${path} is damaged: its keys are not those its first line tells of. Restore it from a backup.`
}

function openBody(
  path: string,
  sealingKey: Uint8Array,
  headerLine: Uint8Array,
  body: Uint8Array,
): Buffer {
  try {
    return openGcm(deriveKey(sealingKey, SALT, 'seal'), headerLine, body, 0, body.length)
  } catch (cause) {
    throw new StartupRefusal(damaged(path), { cause })
  }
}

function refuseOtherKeys(path: string, { keks }: KeyringHeader, keys: Uint8Array): void {
  const isOurs = keks.every(({ fingerprint }, index) => {
    const key = keys.subarray(index * KEK_BYTES, (index + 1) * KEK_BYTES)
    return fingerprintOf(key) === fingerprint
  })
  if (isOurs) return
  keys.fill(0)
  throw new StartupRefusal(damaged(path))
}

function commitmentOf(key: Uint8Array): Uint8Array {
  return deriveBytes(key, SALT, 'commit')
}

function describeProtection(protection: HeldProtection): KeyringHeader['protection'] {
  const { kind } = protection
  if (kind === 'plain') return { kind }
  if (kind === 'shares') return protection.scheme
  const salt = randomBytes(SALT_BYTES).toString('hex')
  if (kind === 'credential') return { kind, salt }
  const { N, r, p } = protection.cost
  return { kind, kdf: 'scrypt', N, r, p, salt }
}

/** undefined for a plain keyring, which nothing seals. */
async function sealingKeyOf(
  given: HeldProtection,
  described: KeyringHeader['protection'],
): Promise<Uint8Array | undefined> {
  if (given.kind === 'passphrase' && described.kind === 'passphrase') {
    return sealingKeyFromPassphrase(given.secret, Buffer.from(described.salt, 'hex'), described)
  }
  if (given.kind === 'credential' && described.kind === 'credential') {
    return sealingKeyFromCredential(given.secret, Buffer.from(described.salt, 'hex'))
  }
  if (given.kind === 'shares' && described.kind === 'shares') return given.key.export()
  if (given.kind === described.kind) return undefined
  throw new StartupRefusal(
    `The keyring is protected by: ${described.kind}. The configuration says: ${given.kind}.`,
  )
}
