import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openKeyringFile } from '../../src/crypto/kek/keyringFile.ts'
import { LateKekStore } from '../../src/crypto/kek/lateKekStore.ts'
import type { KeyringProtection } from '../../src/crypto/kek/protection.ts'
import { SealableKeyring } from '../../src/crypto/kek/sealableKeyring.ts'
import { ShareDesk } from '../../src/crypto/kek/shares/shareDesk.ts'
import { dealShares } from '../../src/crypto/kek/shares/shareScheme.ts'
import { readShare } from '../../src/crypto/kek/shares/shareText.ts'
import { openSimpleCrypto } from '../../src/crypto/kek/simpleCrypto.ts'
import type { KekStore } from '../../src/domain/ports/crypto.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { StartupRefusal } from '../../src/lib/startupRefusal.ts'
import { MemoryKekStore } from '../support/memoryKekStore.ts'
import { kekChangesContract } from './kekChangesContract.ts'
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
kekStoreContract('one that came late', async () => {
  const store = late(async () => new MemoryKekStore())
  await store.health(AbortSignal.timeout(10_000))
  return store
})
kekStoreContract('keyring, plain', () => freshKeyring({ kind: 'plain' }))
kekStoreContract('keyring, sealed by a passphrase', () =>
  freshKeyring({ kind: 'passphrase', passphrase, cost: { N: 16, r: 8, p: 1 } }),
)
kekStoreContract('keyring, sealed by a credential', () =>
  freshKeyring({ kind: 'credential', secret: () => Buffer.from(credential) }),
)

function late(open: () => Promise<KekStore>): LateKekStore {
  return new LateKekStore({ name: 'memory', canaries: [], open })
}

kekStoreAwayContract('one that comes late', async () => {
  const inner = new MemoryKekStore()
  let isAway = false
  const store = late(async () => {
    if (isAway) throw new StartupRefusal('It is away.')
    // Closed and opened again as the same one.
    return {
      name: inner.name,
      describe: () => inner.describe(),
      wrap: (...given) => inner.wrap(...given),
      unwrap: (...given) => inner.unwrap(...given),
      health: (signal) => inner.health(signal),
      close: async () => undefined,
    }
  })
  return {
    store,
    takeAway: () => {
      isAway = true
      store.seal()
    },
    bringBack: () => {
      isAway = false
    },
  }
})

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
/** A fresh one that nobody has opened, and its key, out of three of its shares. */
async function sharedKeyring() {
  const { key, scheme, texts } = dealShares({ threshold: 3, shares: 5 })
  const desk = new ShareDesk({ readScheme: async () => scheme })
  const path = join(folder, `${scheme.set}.keyring`)
  const request = { path, clock: systemClock() }
  await openKeyringFile({
    ...request,
    protection: { kind: 'shares', key, scheme },
    mayCreate: true,
  })
  for (const text of texts.slice(1, 4)) {
    const found = await desk.take(readShare(text))
    if (found !== undefined) return { request, key: found }
  }
  throw new Error('three shares did not suffice')
}

async function unsealed({ request, key }: Awaited<ReturnType<typeof sharedKeyring>>) {
  const keyring = await SealableKeyring.open(request)
  await keyring.unseal(key, async () => undefined)
  return keyring
}

kekStoreContract('keyring, sealed by shares', async () => unsealed(await sharedKeyring()))
kekChangesContract('keyring, sealed by shares', async () => {
  const shared = await sharedKeyring()
  return [await unsealed(shared), await unsealed(shared)]
})
kekStoreContract('simple_crypto', async () =>
  openSimpleCrypto({
    keks: [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64')),
  }),
)

const SEALED = { kind: 'passphrase', passphrase, cost: { N: 16, r: 8, p: 1 } } as const
for (const protection of [{ kind: 'plain' }, SEALED] satisfies KeyringProtection[]) {
  kekChangesContract(`keyring, ${protection.kind}`, async () => {
    files += 1
    const path = join(folder, `${files}.keyring`)
    const request = { path, protection, clock: systemClock() }
    const one = await openKeyringFile({ ...request, mayCreate: true })
    return [one, await openKeyringFile({ ...request, mayCreate: false })]
  })
}
