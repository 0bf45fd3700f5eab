import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { establishDeployment, proveKekStore } from '../../../src/crypto/deployment.ts'
import { fingerprintOf, Kek, type KekState } from '../../../src/crypto/kek/kek.ts'
import { sealKeyring } from '../../../src/crypto/kek/keyringBody.ts'
import { KeyringKekStore } from '../../../src/crypto/kek/keyringKekStore.ts'
import { SealableKeyring } from '../../../src/crypto/kek/sealableKeyring.ts'
import { dealShares } from '../../../src/crypto/kek/shares/shareScheme.ts'
import { openSimpleCrypto } from '../../../src/crypto/kek/simpleCrypto.ts'
import type { KekStore } from '../../../src/domain/ports/crypto.ts'
import { StartupRefusal } from '../../../src/lib/startupRefusal.ts'
import { MemoryKekStore } from '../../support/memoryKekStore.ts'
import { MemoryDeployment } from '../../support/memoryProjectKeys.ts'
import { ManualClock } from './cryptoRoom.ts'

const clock = new ManualClock()

function start(deployment: MemoryDeployment, kekStore: KekStore) {
  return establishDeployment({ deployment, kekStores: [kekStore], clock })
}

async function refusalOf(deployment: MemoryDeployment, kekStore: KekStore): Promise<string> {
  const before = JSON.stringify(deployment.state)
  const outcome = await start(deployment, kekStore).then(
    () => assert.fail('The start was expected to be refused.'),
    (cause: unknown) => cause,
  )
  assert.ok(outcome instanceof StartupRefusal, String(outcome))
  assert.equal(JSON.stringify(deployment.state), before, 'A refused start changes nothing.')
  return outcome.message
}

/** A database that was started once with `kekStore` and holds project keys since. */
async function inUse(kekStore: KekStore): Promise<MemoryDeployment> {
  const deployment = new MemoryDeployment()
  await start(deployment, kekStore)
  deployment.state = { ...deployment.state, storesInUse: [kekStore.name] }
  return deployment
}

function kek(seed: number, state: KekState): Kek {
  const bytes = Buffer.alloc(32, seed)
  const id = Buffer.alloc(8, seed).toString('hex')
  return new Kek({ id, state, createdAt: clock.now(), fingerprint: fingerprintOf(bytes) }, bytes)
}

function keyring(...keks: Kek[]): KeyringKekStore {
  return new KeyringKekStore({ keks, protection: 'none' })
}

describe('a sealed KEK store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-sealed-'))
  after(() => rmSync(folder, { recursive: true }))

  /** A keyring file of these KEKs, sealed; and what opens it. */
  async function sealed(name: string, ...keks: readonly Kek[]) {
    const { key, scheme } = dealShares({ threshold: 2, shares: 2 })
    const seeds = keks.map(({ facts }) => Buffer.alloc(32, Buffer.from(facts.id, 'hex')[0]))
    const facts = keks.map((one) => one.facts)
    const path = join(folder, name)
    const protection = { kind: 'shares', key, scheme } as const
    writeFileSync(path, await sealKeyring(facts, Buffer.concat(seeds), protection), { mode: 0o600 })
    return { store: await SealableKeyring.open({ path, clock }), key }
  }

  test('of a fresh database gets its canary when it is opened', async () => {
    const deployment = new MemoryDeployment()
    const { store, key } = await sealed('fresh', kek(1, 'primary'))
    const { deploymentId } = await start(deployment, store)
    assert.deepEqual(deployment.state.canaries, [])
    await store.unseal(key, (opened) => proveKekStore({ deployment, clock }, opened, deploymentId))
    assert.equal(store.isSealed, false)
    assert.equal(deployment.state.canaries.length, 1)
  })

  test('of the right fingerprints lets the start go on, and is proven when it is opened', async () => {
    const deployment = await inUse(keyring(kek(1, 'primary')))
    const { store, key } = await sealed('right', kek(1, 'primary'))
    const { deploymentId } = await start(deployment, store)
    await store.unseal(key, (opened) => proveKekStore({ deployment, clock }, opened, deploymentId))
    assert.equal(store.isSealed, false)
  })

  test('of other fingerprints refuses the start, sealed as it is', async () => {
    const deployment = await inUse(keyring(kek(1, 'primary')))
    const { store } = await sealed('other', kek(2, 'primary'))
    assert.match(await refusalOf(deployment, store), /wants the KEK .* the store has/)
  })

  test('whose canary does not open stays sealed, and nobody could use it in between', async () => {
    const deployment = await inUse(keyring(kek(1, 'primary')))
    const { store, key } = await sealed('canary', kek(1, 'primary'))
    await start(deployment, store)
    const attempt = store.unseal(key, async (opened) => {
      assert.equal(store.isSealed, true)
      await proveKekStore({ deployment, clock }, opened, 'f'.repeat(32))
    })
    await assert.rejects(attempt, /canary .* does not open/)
    assert.equal(store.isSealed, true)
    const asked = store.health(new AbortController().signal)
    await assert.rejects(asked, /The KEK store keyring is sealed/)
  })
})

describe('KEKs whose ids come from their keys', () => {
  const line = (seed: number): string => Buffer.alloc(32, seed).toString('base64url').concat('=')
  const barbicans = (...seeds: readonly number[]) => openSimpleCrypto({ keks: seeds.map(line) })

  test('may get a new primary one beside project keys: it has the keys of all canaries', async () => {
    const deployment = await inUse(barbicans(1))
    await start(deployment, barbicans(2, 1))
    assert.equal(deployment.state.canaries.length, 2)
    await start(deployment, barbicans(2, 1))
    await start(deployment, barbicans(1, 2))
  })

  test('may not lose the one that project keys are wrapped by', async () => {
    const deployment = await inUse(barbicans(1))
    assert.match(await refusalOf(deployment, barbicans(2)), /wants the KEK/)
  })

  test('get no canary where it is gone', async () => {
    const deployment = await inUse(barbicans(1))
    deployment.state = { ...deployment.state, canaries: [] }
    assert.match(await refusalOf(deployment, barbicans(1)), /no canary/)
  })
})

describe('the first start', () => {
  test('makes a deployment id and one canary', async () => {
    const [deployment, kekStore] = [new MemoryDeployment(), new MemoryKekStore()]
    const { deploymentId } = await start(deployment, kekStore)
    assert.match(deploymentId, /^[0-9a-f]{32}$/)
    const [canary, ...others] = deployment.state.canaries
    assert.deepEqual(others, [])
    const { currentKekId, keks } = kekStore.describe()
    assert.equal(canary?.wrapped.kekId, currentKekId)
    assert.equal(canary?.fingerprint, keks[0]?.fingerprint)
    assert.equal(Buffer.from(canary?.wrapped.blob ?? []).includes(deploymentId), false)
  })

  test('of ten nodes at once makes one deployment', async () => {
    const [deployment, kekStore] = [new MemoryDeployment(), new MemoryKekStore()]
    const started = await Promise.all(Array.from({ length: 10 }, () => start(deployment, kekStore)))
    assert.equal(new Set(started.map(({ deploymentId }) => deploymentId)).size, 1)
    assert.equal(deployment.state.canaries.length, 1)
  })

  test('is followed by others that change nothing', async () => {
    const [deployment, kekStore] = [new MemoryDeployment(), new MemoryKekStore()]
    const first = await start(deployment, kekStore)
    const state = JSON.stringify(deployment.state)
    assert.deepEqual(await start(deployment, kekStore), first)
    assert.equal(JSON.stringify(deployment.state), state)
  })
})

describe('a start is refused', () => {
  test('with another KEK, and names both fingerprints', async () => {
    const deployment = await inUse(keyring(kek(1, 'primary')))
    const message = await refusalOf(deployment, keyring(kek(2, 'primary')))
    assert.ok(message.includes(fingerprintOf(Buffer.alloc(32, 1))))
    assert.ok(message.includes(fingerprintOf(Buffer.alloc(32, 2))))
  })

  test('with another KEK also before the first project key', async () => {
    const deployment = new MemoryDeployment()
    await start(deployment, keyring(kek(1, 'primary')))
    await refusalOf(deployment, keyring(kek(2, 'primary')))
  })

  test('with a KEK store of another kind', async () => {
    const deployment = await inUse(keyring(kek(1, 'primary')))
    const message = await refusalOf(deployment, new MemoryKekStore())
    assert.match(message, /keyring: [0-9a-f]{32}/)
  })

  test('with a keyring that lost one of its KEKs', async () => {
    const both = keyring(kek(1, 'active'), kek(2, 'primary'))
    const deployment = await inUse(keyring(kek(1, 'primary')))
    deployment.state = { ...deployment.state, storesInUse: [] }
    await start(deployment, both)
    deployment.state = { ...deployment.state, storesInUse: ['keyring'] }
    await start(deployment, both)
    const message = await refusalOf(deployment, keyring(kek(2, 'primary')))
    assert.match(message, new RegExp(`wants the KEK .*${fingerprintOf(Buffer.alloc(32, 1))}`))
  })

  test('when the canary is missing beside project keys', async () => {
    const kekStore = new MemoryKekStore()
    const deployment = await inUse(kekStore)
    deployment.state = { ...deployment.state, canaries: [] }
    const message = await refusalOf(deployment, kekStore)
    assert.match(message, /no canary/)
    assert.ok(message.includes(kekStore.describe().keks[0]?.fingerprint ?? '?'))
  })

  test('when a KEK became primary before its canary was there', async () => {
    const deployment = await inUse(keyring(kek(1, 'primary')))
    const message = await refusalOf(deployment, keyring(kek(1, 'active'), kek(2, 'primary')))
    assert.match(message, /no canary/)
  })

  test('when the deployment id is missing beside project keys', async () => {
    const kekStore = new MemoryKekStore()
    const deployment = await inUse(kekStore)
    deployment.state = { ...deployment.state, deploymentId: undefined }
    assert.match(await refusalOf(deployment, kekStore), /deployment id is gone/)
    deployment.state = { ...deployment.state, storesInUse: [] }
    assert.match(await refusalOf(deployment, kekStore), /deployment id is gone/)
  })

  test('when project keys appear while the id is being made', async () => {
    const deployment = new MemoryDeployment()
    deployment.establish = async () => 'holdsProjectKeys'
    assert.match(await refusalOf(deployment, new MemoryKekStore()), /deployment id is gone/)
  })

  test('when the canary, the deployment id or the KEK behind an id was changed', async () => {
    const kekStore = keyring(kek(1, 'primary'))
    const sound = (await inUse(kekStore)).state
    const [canary] = sound.canaries
    assert.ok(canary)
    const damaged = new MemoryDeployment()
    for (const index of canary.wrapped.blob.keys()) {
      const blob = Uint8Array.from(canary.wrapped.blob)
      blob[index] = (blob[index] ?? 0) ^ 1
      damaged.state = { ...sound, canaries: [{ ...canary, wrapped: { ...canary.wrapped, blob } }] }
      assert.match(await refusalOf(damaged, kekStore), /does not open/)
    }
    damaged.state = { ...sound, deploymentId: 'f'.repeat(32) }
    assert.match(await refusalOf(damaged, kekStore), /does not open/)
    const { id, state, createdAt } = kek(1, 'primary').facts
    const bytes = Buffer.alloc(32, 9)
    const impostor = new Kek({ id, state, createdAt, fingerprint: fingerprintOf(bytes) }, bytes)
    damaged.state = sound
    assert.match(await refusalOf(damaged, keyring(impostor)), /does not open/)
  })

  test('when a canary opens to something else', async () => {
    const kekStore = new MemoryKekStore()
    const deployment = await inUse(kekStore)
    const lying: KekStore = {
      name: kekStore.name,
      describe: () => kekStore.describe(),
      wrap: kekStore.wrap.bind(kekStore),
      unwrap: async () => Buffer.alloc(32),
      health: async () => undefined,
      close: async () => undefined,
    }
    assert.match(await refusalOf(deployment, lying), /does not open/)
  })

  test('when the KEK store does not answer', async () => {
    const kekStore = new MemoryKekStore()
    const deployment = await inUse(kekStore)
    kekStore.mood = 'down'
    assert.match(await refusalOf(deployment, kekStore), /memory does not answer/)
  })
})

describe('a start is not refused', () => {
  test('for the canary of a KEK that is retired', async () => {
    const deployment = new MemoryDeployment()
    await start(deployment, keyring(kek(1, 'primary')))
    await start(deployment, keyring(kek(1, 'active'), kek(2, 'primary')))
    deployment.state = { ...deployment.state, storesInUse: ['keyring'] }
    await start(deployment, keyring(kek(1, 'retired'), kek(2, 'primary')))
  })

  test('for canaries of other stores', async () => {
    const deployment = new MemoryDeployment()
    await start(deployment, new MemoryKekStore())
    const kekStore = keyring(kek(1, 'primary'))
    await start(deployment, kekStore)
    deployment.state = { ...deployment.state, storesInUse: ['keyring'] }
    await start(deployment, kekStore)
    assert.deepEqual(
      deployment.state.canaries.map(({ store }) => store),
      ['memory', 'keyring'],
    )
  })
})

describe('several KEK stores', () => {
  const several = (deployment: MemoryDeployment, ...kekStores: KekStore[]) =>
    establishDeployment({ deployment, kekStores, clock })
  const named = (name: string, seed: number) =>
    new KeyringKekStore({ name, keks: [kek(seed, 'primary')], protection: 'none' })
  const refused = async (starting: Promise<unknown>): Promise<string> => {
    const cause = await starting.then(
      () => assert.fail('The start was expected to be refused.'),
      (reason: unknown) => reason,
    )
    assert.ok(cause instanceof StartupRefusal, String(cause))
    return cause.message
  }

  test('get a canary each, all of one deployment', async () => {
    const deployment = new MemoryDeployment()
    const first = await several(deployment, named('keyring', 1), named('keyring:b', 2))
    assert.deepEqual(
      deployment.state.canaries.map(({ store }) => store),
      ['keyring', 'keyring:b'],
    )
    const state = JSON.stringify(deployment.state)
    assert.deepEqual(await several(deployment, named('keyring', 1), named('keyring:b', 2)), first)
    assert.equal(JSON.stringify(deployment.state), state)
  })

  test('one may come to a database that holds project keys of another', async () => {
    const deployment = await inUse(named('keyring', 1))
    await several(deployment, named('keyring', 1), named('keyring:b', 2))
    assert.equal(deployment.state.canaries.length, 2)
  })

  test('one that project keys name may not go, nor take another name: it is named with its fingerprint', async () => {
    const deployment = await inUse(named('keyring', 1))
    await several(deployment, named('keyring', 1), named('keyring:b', 2))
    deployment.state = { ...deployment.state, storesInUse: ['keyring', 'keyring:b'] }
    const before = JSON.stringify(deployment.state)
    const wanted = fingerprintOf(Buffer.alloc(32, 2))
    for (const present of [[named('keyring', 1)], [named('keyring', 1), named('keyring:c', 2)]]) {
      const message = await refused(several(deployment, ...present))
      assert.ok(message.includes(`keyring:b: ${wanted}`), message)
      assert.match(message, /\[secretstore:SUFFIX\]/)
    }
    assert.equal(JSON.stringify(deployment.state), before)
  })

  test('one that no project key names may go', async () => {
    const deployment = await inUse(named('keyring', 1))
    await several(deployment, named('keyring', 1), named('keyring:b', 2))
    await several(deployment, named('keyring', 1))
  })

  test('may not be exchanged', async () => {
    const deployment = new MemoryDeployment()
    await several(deployment, named('keyring', 1), named('keyring:b', 2))
    const message = await refused(several(deployment, named('keyring', 2), named('keyring:b', 1)))
    assert.match(message, /The KEK store keyring is not the one/)
  })

  test('a second node with another KEK under the same name is refused, also before the first project key', async () => {
    const deployment = new MemoryDeployment()
    await several(deployment, named('keyring', 1), named('keyring:b', 2))
    const message = await refused(several(deployment, named('keyring', 1), named('keyring:b', 3)))
    assert.match(message, /The KEK store keyring:b is not the one/)
  })

  test('the same KEK under two names is taken for what it is: two stores', async () => {
    const deployment = new MemoryDeployment()
    await several(deployment, named('keyring', 1), named('keyring:b', 1))
    const [first, second] = deployment.state.canaries
    // Nor does the canary of one serve for the other.
    assert.ok(first && second)
    deployment.state = {
      ...deployment.state,
      canaries: [{ ...first, wrapped: second.wrapped }, second],
    }
    const message = await refused(several(deployment, named('keyring', 1), named('keyring:b', 1)))
    assert.match(message, /of keyring .* does not open/)
  })
})
