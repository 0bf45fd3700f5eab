import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KekStoreSettings } from '../config/kekStoreKinds.ts'
import type { Settings } from '../config/settingsTable.ts'
import type { KeyringProtection } from '../crypto/kek/protection.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { EXIT_CODES } from './exitCodes.ts'

type KeyringOptions = Extract<KekStoreSettings, { readonly kind: 'keyring' }>['options']

/** What the server finds by itself; shares are brought by people. */
export type OwnProtection = Exclude<KeyringProtection, { readonly kind: 'shares' }>

/**
 * A keyring's protection with what the settings say opens it: that of the settings, or another that the
 * file says it has. The secret is read when it is needed, not before.
 */
export function keyringProtection(
  keyring: KeyringOptions,
  kind: OwnProtection['kind'],
): OwnProtection {
  switch (kind) {
    case 'plain':
      return { kind: 'plain' }
    case 'passphrase':
      return { kind: 'passphrase', passphrase: secretIn(keyring.passphrase_file ?? '') }
    case 'credential':
      return {
        kind: 'credential',
        secret: secretIn(join(keyring.credentials_directory ?? '', keyring.credential)),
      }
  }
}

/** The rules for project keys: how long they stay in memory, and when the next one is made. */
export function projectKeyLimits({ project_keys: options }: Settings) {
  return {
    ttlSeconds: options.cache_ttl,
    staleSeconds: options.max_stale,
    maxEntries: options.cache_size,
    maxWrapsPerTerm: 2 ** 30,
    wrapBlock: 2 ** 16,
    maxTermAgeSeconds: options.max_age,
    kekTimeoutMs: 10_000,
  }
}

function secretIn(path: string): () => Buffer {
  return () => {
    try {
      return readFileSync(path)
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
      throw new StartupRefusal(`The secret of the keyring, ${path}, cannot be read: ${code}.`, {
        exitCode: EXIT_CODES.keys.code,
        cause,
      })
    }
  }
}
