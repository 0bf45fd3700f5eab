import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openKeyringFile } from '../../src/crypto/kek/keyringFile.ts'
import type { KeyringProtection } from '../../src/crypto/kek/protection.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { MemoryKekStore } from '../support/memoryKekStore.ts'
import { kekStoreAwayContract } from './kekStoreAwayContract.ts'
import { kekStoreContract } from './kekStoreContract.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-kek-'))
after(() => rmSync(folder, { recursive: true }))

let files = 0
function freshKeyring(protection: KeyringProtection) {
  files += 1
  const path = join(folder, `${files}.keyring`)
  return openKeyringFile({ path, protection, mayCreate: true, clock: systemClock() })
}

const passphrase = createSecretKey(Buffer.from('correct horse battery staple'))
const credential = randomBytes(48)

kekStoreContract('memory', async () => new MemoryKekStore())
kekStoreContract('keyring, plain', () => freshKeyring({ kind: 'plain' }))
kekStoreContract('keyring, sealed by a passphrase', () =>
  freshKeyring({ kind: 'passphrase', passphrase, cost: { N: 16, r: 8, p: 1 } }),
)
kekStoreContract('keyring, sealed by a credential', () =>
  freshKeyring({ kind: 'credential', secret: () => Buffer.from(credential) }),
)

for (const mood of ['down', 'silent'] as const) {
  kekStoreAwayContract(`memory, ${mood}`, async () => {
    const store = new MemoryKekStore()
    return {
      store,
      takeAway: () => {
        store.mood = mood
      },
      bringBack: () => {
        store.mood = 'well'
      },
      ...(mood === 'silent' && { kekTimeoutMs: 300 }),
    }
  })
}
