import { z } from 'zod'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { GCM_OVERHEAD_BYTES } from '../gcm.ts'
import { KEK_BYTES, KEK_ID_BYTES, KEK_STATES } from './kek.ts'

/*
 * A keyring file is one line of JSON for people and for associated data, then binary for the keys, so
 * that no key ever becomes text: `header \n body`. The body is the KEKs in the header's order, 32 bytes
 * each: as they are when plain, else `nonce 12 | ciphertext | tag 16` bound to the header line.
 */
export const KEYRING_FORMAT = 'gatehouse-keyring'
export const KEYRING_VERSION = 1
/** Of a keyring sealed by shares, which older releases do not know. All others stay readable for them. */
const SHARED_VERSION = 2
const LINE_FEED = 0x0a

function hexOf(bytes: number) {
  return z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`))
}

const protection = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('plain') }),
  z.strictObject({
    kind: z.literal('passphrase'),
    kdf: z.literal('scrypt'),
    N: z.int().min(2),
    r: z.int().min(1),
    p: z.int().min(1),
    salt: hexOf(32),
  }),
  z.strictObject({ kind: z.literal('credential'), salt: hexOf(32) }),
  z
    .strictObject({
      kind: z.literal('shares'),
      /** Names these shares; new ones get another. */
      set: hexOf(8),
      threshold: z.int().min(2).max(255),
      shares: z.int().min(2).max(255),
      /** Of each share, in their order. */
      commitments: z.array(hexOf(32)),
    })
    .refine(({ threshold, shares }) => threshold <= shares)
    .refine(({ commitments, shares }) => commitments.length === shares),
])

const header = z.strictObject({
  format: z.literal(KEYRING_FORMAT),
  version: z.literal([KEYRING_VERSION, SHARED_VERSION]),
  protection,
  /** Ties the file to one sealing key, or to its keys when plain. */
  commitment: hexOf(32),
  keks: z
    .array(
      z.strictObject({
        id: hexOf(KEK_ID_BYTES),
        state: z.enum(KEK_STATES),
        createdAt: z.string(),
        fingerprint: hexOf(16),
      }),
    )
    .min(1)
    .refine((keks) => keks.filter((kek) => kek.state === 'primary').length === 1)
    .refine((keks) => new Set(keks.map((kek) => kek.id)).size === keks.length),
})

export type KeyringHeader = Readonly<z.infer<typeof header>>

export function versionFor({ kind }: KeyringHeader['protection']): KeyringHeader['version'] {
  return kind === 'shares' ? SHARED_VERSION : KEYRING_VERSION
}

export interface KeyringParts {
  readonly header: KeyringHeader
  /** The header's own bytes with the line break: the associated data of the body. */
  readonly headerLine: Uint8Array
  readonly body: Uint8Array
}

/** How a file is sealed, in an operator's words. */
export function protectionInWords(protection: KeyringHeader['protection']): string {
  switch (protection.kind) {
    case 'plain':
      return 'plain file, permissions only'
    case 'passphrase':
      return 'file sealed by a passphrase (scrypt)'
    case 'credential':
      return 'file sealed by a credential (HKDF)'
    case 'shares': {
      const { threshold, shares, set } = protection
      return `file sealed by ${threshold} of ${shares} shares of ${set}`
    }
  }
}

export function headerLineOf(value: KeyringHeader): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`, 'utf8')
}

/** @throws StartupRefusal when the bytes are no whole keyring of a version we know */
export function splitKeyring(path: string, bytes: Buffer): KeyringParts {
  const lineEnd = bytes.indexOf(LINE_FEED)
  if (lineEnd < 0) throw notAKeyring(path)
  const value = parseHeader(path, bytes.toString('utf8', 0, lineEnd))
  const expected = bodyBytes(value)
  const body = bytes.subarray(lineEnd + 1)
  if (body.length !== expected) {
    throw new StartupRefusal(
      `The keyring ${path} is damaged: ${body.length} bytes follow its first line, there should be ${expected}. Restore it from a backup.`,
    )
  }
  return { header: value, headerLine: bytes.subarray(0, lineEnd + 1), body }
}

function parseHeader(path: string, line: string): KeyringHeader {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw notAKeyring(path)
  }
  const named = z
    .object({ format: z.literal(KEYRING_FORMAT), version: z.unknown() })
    .safeParse(value)
  if (!named.success) throw notAKeyring(path)
  if (named.data.version !== KEYRING_VERSION && named.data.version !== SHARED_VERSION) {
    throw new StartupRefusal(
      `The keyring ${path} has version ${String(named.data.version)}, this Gatehouse reads versions up to ${SHARED_VERSION}: run the release that wrote it, or a newer one.`,
    )
  }
  const decoded = header.safeParse(value)
  if (decoded.success && decoded.data.version === versionFor(decoded.data.protection)) {
    return decoded.data
  }
  const where =
    decoded.error?.issues.map((issue) => issue.path.join('.') || 'all').join(', ') ?? 'version'
  throw new StartupRefusal(`The first line of the keyring ${path} is not what we write: ${where}.`)
}

function bodyBytes({ protection: { kind }, keks }: KeyringHeader): number {
  return keks.length * KEK_BYTES + (kind === 'plain' ? 0 : GCM_OVERHEAD_BYTES)
}

function notAKeyring(path: string): StartupRefusal {
  return new StartupRefusal(
    `${path} is no keyring, or only the beginning of one: restore it from a backup.`,
  )
}
