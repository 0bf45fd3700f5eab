import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PREFERENCE_TTL_MS, PreferredStores } from '../../../src/crypto/preferredStores.ts'
import type { SecretStoreRow } from '../../../src/domain/ports/projectRepositories.ts'
import { Fault, unavailable } from '../../../src/lib/fault.ts'
import { newSecretStoreId } from '../../../src/lib/ids.ts'
import { onlyStore } from '../../../src/model/secretStore.ts'
import { StoreBindings } from '../../../src/model/storeBindings.ts'
import { SEVERAL_STORES, severalStores } from '../../support/door.ts'
import { ManualClock, refuses } from './cryptoRoom.ts'
import { OTHER_PROJECT, PROJECT } from './records.ts'

/** A choice over a table that holds what `preferences.suffix` says, for every project. */
function aChoice(plan = SEVERAL_STORES, domain?: string) {
  const clock = new ManualClock()
  const preferences = {
    suffix: undefined as string | undefined,
    looks: 0,
    isDown: false,
    async preferredBy(): Promise<SecretStoreRow | undefined> {
      preferences.looks += 1
      const { suffix } = preferences
      await Promise.resolve()
      if (preferences.isDown) throw unavailable('The database is away.')
      const now = clock.now()
      const row = { id: newSecretStoreId(), isGlobalDefault: false, createdAt: now, updatedAt: now }
      return suffix === undefined ? undefined : { ...row, suffix }
    },
  }
  const choice = new PreferredStores({
    plan,
    bindings: new StoreBindings(plan),
    domainOf: () => domain,
    preferences,
    clock,
    maxEntries: 10,
  })
  return { choice, preferences, clock }
}

describe('the choice of a store', () => {
  test('is the global default for a project that prefers none', async () => {
    const { choice } = aChoice()
    assert.equal(await choice.of(PROJECT), 'memory')
  })

  test('is what the project prefers', async () => {
    const { choice, preferences } = aChoice()
    preferences.suffix = 'second'
    assert.equal(await choice.of(PROJECT), 'memory:second')
  })

  test('is remembered, without a promise and without a look, whether something is preferred or not', async () => {
    for (const suffix of [undefined, 'second']) {
      const { choice, preferences } = aChoice()
      preferences.suffix = suffix
      const first = await choice.of(PROJECT)
      for (let uses = 0; uses < 100; uses += 1) assert.equal(choice.of(PROJECT), first)
      assert.equal(preferences.looks, 1)
      await choice.of(OTHER_PROJECT)
      assert.equal(preferences.looks, 2)
    }
  })

  test('is looked up once by a hundred that ask at once', async () => {
    const { choice, preferences } = aChoice()
    await Promise.all(Array.from({ length: 100 }, () => choice.of(PROJECT)))
    assert.equal(preferences.looks, 1)
  })

  test("sees another node's change after ten seconds at the latest", async () => {
    const { choice, preferences, clock } = aChoice()
    assert.equal(await choice.of(PROJECT), 'memory')
    preferences.suffix = 'second'
    clock.advance(PREFERENCE_TTL_MS / 1000 - 0.001)
    assert.equal(choice.of(PROJECT), 'memory')
    clock.advance(0.001)
    assert.equal(await choice.of(PROJECT), 'memory:second')
    assert.equal(PREFERENCE_TTL_MS, 10_000)
  })

  test('sees a change of this process at once, also with a look from before under way', async () => {
    const { choice, preferences } = aChoice()
    const before = choice.of(PROJECT)
    preferences.suffix = 'second'
    choice.forget(PROJECT)
    const after = choice.of(PROJECT)
    assert.equal(await before, 'memory')
    assert.equal(await after, 'memory:second')
    assert.equal(choice.of(PROJECT), 'memory:second')
  })

  test('is refused, and never another store, where this node does not know the preferred one', async () => {
    const { choice, preferences } = aChoice()
    preferences.suffix = 'elsewhere'
    const fault = await refuses(Promise.resolve(choice.of(PROJECT)), 'unavailable')
    assert.match(fault.message, /elsewhere, which this node is not configured for/)
    preferences.suffix = 'second'
    assert.equal(await choice.of(PROJECT), 'memory:second')
  })

  test('is no guess while the database is away', async () => {
    const { choice, preferences } = aChoice()
    preferences.isDown = true
    await refuses(Promise.resolve(choice.of(PROJECT)), 'unavailable')
  })

  test('asks nobody where there is one store', () => {
    const { choice, preferences } = aChoice(onlyStore('keyring'))
    assert.equal(choice.of(PROJECT), 'keyring')
    assert.equal(preferences.looks, 0)
  })
})

describe('the choice of a store, where one belongs to somebody', () => {
  const toProject = severalStores({ projects: [PROJECT], domains: [] })
  const toDomain = severalStores({ projects: [], domains: ['acme'] })

  test('is that one for who it belongs to, without a look and whatever is preferred', async () => {
    for (const { choice, preferences } of [aChoice(toProject), aChoice(toDomain, 'acme')]) {
      preferences.suffix = 'software'
      assert.equal(choice.of(PROJECT), 'memory:second')
      assert.equal(preferences.looks, 0)
    }
  })

  test('is never that one for anybody else, not even the one who prefers it', async () => {
    for (const [plan, domain] of [
      [toProject, undefined],
      [toDomain, 'elsewhere'],
    ] as const) {
      const { choice, preferences } = aChoice(plan, domain)
      assert.equal(await choice.of(OTHER_PROJECT), 'memory')
      choice.forget(OTHER_PROJECT)
      preferences.suffix = 'second'
      await refuses(Promise.resolve(choice.of(OTHER_PROJECT)), 'badRequest')
    }
  })

  test('is none while nobody has said which domain the project is in', () => {
    const { choice } = aChoice(toDomain)
    assert.throws(
      () => choice.of(PROJECT),
      (error: unknown) => error instanceof Fault && error.kind === 'forbidden',
    )
  })
})
