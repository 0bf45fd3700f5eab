import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { deriveBytes } from '../deriveKey.ts'
import { fingerprintOf, KEK_BYTES, KEK_ID_BYTES, Kek } from './kek.ts'
import { KeyringKekStore } from './keyringKekStore.ts'

export interface SimpleCryptoRequest {
  readonly name?: string
  /** The `kek` lines of barbican.conf, the primary one first. */
  readonly keks: readonly string[]
}

const SALT = 'gatehouse/simple-crypto/1'

/**
 * Barbican's own KEKs as a KEK store. They never encrypt by themselves here: what wraps is a subkey, so
 * nothing of ours opens with Barbican's Fernet, nor the other way round. Ids come from the keys: every node
 * that has the lines calls them the same.
 * @throws StartupRefusal when a line is no key
 */
export function openSimpleCrypto({ name = 'simple_crypto', keks }: SimpleCryptoRequest) {
  const opened = keks.map((text, index) => {
    const bytes = kekBytes(text)
    try {
      const id = Buffer.from(deriveBytes(bytes, SALT, 'id', KEK_ID_BYTES)).toString('hex')
      const state = index === 0 ? ('primary' as const) : ('decrypt-only' as const)
      return new Kek({ id, state, createdAt: 'unknown', fingerprint: fingerprintOf(bytes) }, bytes)
    } finally {
      bytes.fill(0)
    }
  })
  const protection = 'lines of the settings, permissions of their file only'
  return new KeyringKekStore({
    name,
    kind: 'simple_crypto',
    keks: opened,
    protection,
    idsProveKeys: true,
  })
}

/** The key of a `kek` line, as Fernet splits it: 16 bytes that sign, 16 that encrypt. The caller wipes it. */
export function kekBytes(text: string): Buffer {
  // Both alphabets, as the library behind Barbican reads it.
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length === KEK_BYTES) return bytes
  bytes.fill(0)
  throw new StartupRefusal(
    `A kek of [simple_crypto_plugin] is no key: ${KEK_BYTES} bytes in URL-safe base64 are wanted.`,
  )
}
