import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type KekEvent, KekFollower } from '../../../src/crypto/kekFollower.ts'
import type { CapableKekStore, KnownKek } from '../../../src/domain/ports/kekChanges.ts'
import type { CanaryRow, DeploymentState } from '../../../src/domain/ports/keyRepositories.ts'
import { unavailable } from '../../../src/lib/fault.ts'
import type { Timestamp } from '../../../src/lib/timestamp.ts'
import { MemoryKekStore } from '../../support/memoryKekStore.ts'

const AT = '2026-01-01T00:00:00.000000' as Timestamp

function canary(store: string, kekId: string, retiredAt: Timestamp | null = null): CanaryRow {
  const wrapped = { kekId, blob: new Uint8Array() }
  return { store, wrapped, fingerprint: 'of a test', createdAt: AT, retiredAt }
}

/** A follower of these stores over a database that says `canaries`, and how often it was asked. */
function following(kekStores: readonly CapableKekStore[], canaries: readonly CanaryRow[]) {
  const events: KekEvent[] = []
  const database = { canaries, isAway: false, reads: 0 }
  const follower = new KekFollower({
    kekStores,
    deployment: {
      read: async (): Promise<DeploymentState> => {
        database.reads += 1
        if (database.isAway) throw unavailable('The database is away.')
        return { deploymentId: 'x', canaries: database.canaries, storesInUse: [] }
      },
    },
    monotonicMs: () => 0,
    onEvent: (event) => events.push(event),
  })
  return { follower, events, database }
}

/** A store of this name that remembers what it was told to follow. */
function teller(name: string, follows: boolean) {
  const told: (readonly KnownKek[])[] = []
  const store: CapableKekStore = Object.assign(new MemoryKekStore(undefined, name), {
    follow: (known: readonly KnownKek[]) => {
      told.push(known)
      return follows
    },
  })
  return { store, told }
}

describe('a follower of KEKs', () => {
  test('tells each store which of its KEKs the database knows, and which of them are retired', async () => {
    const [one, other] = [teller('one', true), teller('other', false)]
    const { follower, events, database } = following(
      [one.store, other.store],
      [canary('one', 'a', AT), canary('one', 'b'), canary('other', 'c')],
    )
    await follower.look()
    assert.deepEqual(one.told, [
      [
        { id: 'a', isRetired: true },
        { id: 'b', isRetired: false },
      ],
    ])
    assert.deepEqual(other.told, [[{ id: 'c', isRetired: false }]])
    assert.deepEqual(
      events.map(({ type, store }) => [type, store]),
      [['taken', 'one']],
    )
    assert.equal(database.reads, 1)
  })

  test('tells a store nothing while the database knows none of its KEKs', async () => {
    const { store, told } = teller('one', true)
    const { follower, events } = following([store], [canary('other', 'c')])
    await follower.look()
    assert.deepEqual([told, events], [[], []])
  })

  test('asks no database for stores that do not follow it', async () => {
    const { follower, database } = following([new MemoryKekStore()], [])
    await follower.look()
    assert.equal(database.reads, 0)
  })

  test('says nothing of KEKs while the database or the keeper is away, and looks again', async () => {
    const { store, told } = teller('one', true)
    let isAway = true
    const reload = async () => {
      if (isAway) throw unavailable('The keeper is away.')
      return 'same' as const
    }
    const { follower, events, database } = following(
      [Object.assign(store, { reload })],
      [canary('one', 'a')],
    )
    await follower.look()
    isAway = false
    database.isAway = true
    await follower.look()
    assert.deepEqual([told, events], [[], []])
    database.isAway = false
    await follower.look()
    assert.equal(told.length, 1)
  })
})
