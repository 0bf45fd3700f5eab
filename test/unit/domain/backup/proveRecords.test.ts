import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { proveRecords } from '../../../../src/domain/backup/proveRecords.ts'
import type { SealedRecords, SealProof } from '../../../../src/domain/ports/backup.ts'
import type { Integrity } from '../../../../src/domain/ports/crypto.ts'
import { Fault, unavailable } from '../../../../src/lib/fault.ts'
import type { ProjectKeyId } from '../../../../src/model/sealedForms.ts'
import { eachOf } from '../../../support/pieces.ts'

const SOUND = 'sound'
const DAMAGED = 'damaged'
const AWAY = 'away'

/** Each record is its own fate. */
async function prove(ids: readonly string[], inputs: Readonly<Record<string, string>> = {}) {
  const each = <T>() => eachOf(ids as readonly unknown[] as readonly T[])
  const find = async (id: string) => (id === 'lost' ? undefined : { id, kind: 'secret' })
  const judge = async (what: string): Promise<void> => {
    if (what === DAMAGED) throw new Fault('corrupted', `The stored ${what}.`)
    if (what === AWAY) throw unavailable('The KEK store is away.')
  }
  const records = {
    count: async () => ids.length,
    projectKeys: () => each<ProjectKeyId>(),
    secrets: each,
    containers: each,
    orders: each,
    secret: find,
    container: find,
    order: find,
    orderInput: async (id: string) => inputs[id] ?? null,
  } as unknown as SealedRecords
  const integrity = {
    verified: async (record: { readonly id: string } | undefined) => {
      if (record !== undefined) await judge(record.id)
      return record
    },
  } as unknown as Integrity
  const proof = {
    projectKey: (id: unknown) => judge(String(id)),
    payload: ({ id }: { readonly id: string }) => judge(id),
    orderInput: (_: unknown, input: unknown) => judge(String(input)),
  } as unknown as SealProof
  const damage: string[] = []
  let seen = 0
  const proven = await proveRecords({
    records,
    integrity,
    proof,
    onRecord: () => {
      seen += 1
    },
    onDamage: (what) => void damage.push(what),
  })
  return { proven, damage, seen }
}

describe('proving records', () => {
  test('counts what is sound', async () => {
    const { proven, damage, seen } = await prove([SOUND, SOUND])
    const wanted = { projectKeys: 2, secrets: 2, containers: 2, orders: 2, damaged: 0 }
    assert.deepEqual(proven, wanted)
    assert.deepEqual(damage, [])
    assert.equal(seen, 8)
  })

  test('goes on after damage, and names each', async () => {
    const { proven, damage, seen } = await prove([DAMAGED, SOUND])
    assert.equal(proven.damaged, 4)
    assert.deepEqual(damage, Array(4).fill('The stored damaged.'))
    assert.equal(seen, 8)
  })

  test('a record that its own id does not lead to is damage', async () => {
    const { proven, damage } = await prove(['lost'])
    assert.equal(proven.damaged, 3)
    assert.match(damage[0] ?? '', /lost is not found by its id/)
  })

  test('what waits with an order is opened, too', async () => {
    const { proven } = await prove([SOUND], { [SOUND]: DAMAGED })
    assert.equal(proven.damaged, 1)
  })

  test('a KEK store that is away is no damage: it ends the look', async () => {
    await assert.rejects(
      prove([AWAY]),
      (error) => error instanceof Fault && error.kind === 'unavailable',
    )
  })
})
