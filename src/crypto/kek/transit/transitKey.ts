import { z } from 'zod'
import type { KnownKek } from '../../../domain/ports/kekChanges.ts'
import { StartupRefusal } from '../../../lib/startupRefusal.ts'
import { timestampFromMicros } from '../../../lib/timestamp.ts'
import type { KekFacts, KekState } from '../kek.ts'
import { fingerprintOfUnseen } from '../unseenKek.ts'

/** What `GET /transit/keys/NAME` tells, as far as it matters here. */
export const transitKey = z.object({
  data: z.object({
    type: z.string(),
    derived: z.boolean().default(false),
    exportable: z.boolean().default(false),
    allow_plaintext_backup: z.boolean().default(false),
    deletion_allowed: z.boolean().default(false),
    min_decryption_version: z.number().default(1),
    min_encryption_version: z.number().default(0),
    /** Version, and when it was made in seconds since 1970. */
    keys: z.record(z.string().regex(/^\d{1,9}$/), z.unknown()),
  }),
})

export type TransitKey = z.infer<typeof transitKey>['data']

/** With 128 bits of authentication, and associated data. */
const TYPES = ['aes256-gcm96', 'chacha20-poly1305', 'xchacha20-poly1305']

/** @throws StartupRefusal when it cannot serve as a KEK */
export function refuseUnfit(section: string, name: string, key: TransitKey): void {
  if (!TYPES.includes(key.type)) {
    throw new StartupRefusal(
      `[${section}] The transit key ${name} is of type ${key.type}; a KEK is ${TYPES.join(', or ')}.`,
    )
  }
  if (key.derived) {
    throw new StartupRefusal(
      `[${section}] The transit key ${name} is derived, and wants a context of its own kind with each use: make one with derived=false.`,
    )
  }
}

/** What makes a key less than what it seems, in an operator's words. */
export function weaknesses(key: TransitKey): readonly string[] {
  return [
    ...(key.exportable ? ['exportable'] : []),
    ...(key.allow_plaintext_backup ? ['plaintext backup allowed'] : []),
    ...(key.deletion_allowed ? ['deletion allowed'] : []),
  ]
}

/** `NAME/v3`: a KEK is one version of the key. */
export function kekIdOf(name: string, version: number): string {
  return `${name}/v${version}`
}

/** @returns undefined when it is no version of this key */
export function versionIn(name: string, kekId: string): number | undefined {
  if (!kekId.startsWith(`${name}/v`)) return undefined
  const digits = kekId.slice(name.length + 2)
  return /^[1-9]\d{0,8}$/.test(digits) ? Number(digits) : undefined
}

export function versionsOf(key: TransitKey): readonly number[] {
  return Object.keys(key.keys)
    .map(Number)
    .toSorted((one, other) => one - other)
}

/** May new keys be wrapped under it? */
export function mayEncrypt(key: TransitKey, version: number): boolean {
  return version >= key.min_encryption_version && version >= key.min_decryption_version
}

/** The version that wraps where the database knows none: the newest. */
export function newestVersion(key: TransitKey): number | undefined {
  return versionsOf(key).findLast((version) => mayEncrypt(key, version))
}

/** The version that wraps: the newest that the database knows. One that somebody makes waits for its canary. */
export function newestKnown(
  name: string,
  key: TransitKey,
  known: readonly KnownKek[],
): number | undefined {
  const ids = new Set(known.flatMap(({ id, isRetired }) => (isRetired ? [] : [id])))
  const versions = versionsOf(key).filter((version) => ids.has(kekIdOf(name, version)))
  // One that Vault lets nobody encrypt with is better than one that other nodes cannot know of.
  return versions.findLast((version) => mayEncrypt(key, version)) ?? versions.at(-1)
}

export function kekFacts(
  name: string,
  key: TransitKey,
  current: number,
  known: readonly KnownKek[],
): readonly KekFacts[] {
  const retired = new Set(known.flatMap(({ id, isRetired }) => (isRetired ? [id] : [])))
  return versionsOf(key).map((version) => {
    const made = key.keys[String(version)]
    const seconds = typeof made === 'number' && made > 0 && made < 253_402_300_800 ? made : 0
    return {
      id: kekIdOf(name, version),
      state: retired.has(kekIdOf(name, version)) ? 'retired' : stateOf(key, version, current),
      createdAt: timestampFromMicros(Math.floor(seconds) * 1_000_000),
      fingerprint: fingerprintOfUnseen('transit', name, String(version), String(seconds)),
    }
  })
}

function stateOf(key: TransitKey, version: number, current: number): KekState {
  if (version === current) return 'primary'
  return version < key.min_decryption_version ? 'retired' : 'decrypt-only'
}
