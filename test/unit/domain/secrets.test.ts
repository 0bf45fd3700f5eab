import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewSecret } from '../../../src/domain/newSecret.ts'
import type { Changed } from '../../../src/domain/ports/changes.ts'
import { Secrets } from '../../../src/domain/secrets.ts'
import { Fault } from '../../../src/lib/fault.ts'
import type { Timestamp } from '../../../src/lib/timestamp.ts'
import { contextOf, fakeParts, inTurn, SECRET_ID, storedSecret } from './fakeParts.ts'

const PAYLOAD = 'swordfish'

function newSecret(): NewSecret & { readonly payload: { readonly bytes: Buffer } } {
  return {
    name: 'n',
    algorithm: null,
    bitLength: null,
    mode: null,
    expiration: null,
    secretType: 'opaque',
    payload: { bytes: Buffer.from(PAYLOAD), contentType: 'text/plain' },
  }
}

const isWiped = (bytes: Buffer) => bytes.every((byte) => byte === 0)
const fault = (kind: string) => (error: unknown) => error instanceof Fault && error.kind === kind

test('a key that is gone is forgotten, and the secret sealed again under the present one', async () => {
  const insert = inTurn<'keyGone' | 'inserted'>('keyGone', 'keyGone', 'inserted')
  const parts = fakeParts({ secrets: { insert: insert.next } })
  await new Secrets(parts).create(contextOf(), async () => newSecret())
  assert.equal(insert.calls, 3)
  assert.deepEqual(parts.purged, ['p', 'p'])
  assert.deepEqual(parts.sealed.map(String), [PAYLOAD, PAYLOAD, PAYLOAD])
})

test('a key that is gone every time ends in 503, not in a loop', async () => {
  const insert = inTurn<'keyGone'>('keyGone')
  const secrets = new Secrets(fakeParts({ secrets: { insert: insert.next } }))
  const input = newSecret()
  await assert.rejects(
    secrets.create(contextOf(), async () => input),
    fault('unavailable'),
  )
  assert.equal(insert.calls, 5)
  assert.ok(isWiped(input.payload.bytes))
})

for (const [what, insert] of [
  ['stored', async () => 'inserted' as const],
  ['refused by the database', async () => Promise.reject(new Error('away'))],
] as const) {
  test(`a payload is wiped once it was ${what}`, async () => {
    const input = newSecret()
    const secrets = new Secrets(fakeParts({ secrets: { insert } }))
    await secrets.create(contextOf(), async () => input).catch(() => undefined)
    assert.ok(isWiped(input.payload.bytes))
  })
}

test('a payload whose secret would be born expired is wiped too', async () => {
  const input = { ...newSecret(), expiration: '2020-01-01T00:00:00.000000' as Timestamp }
  const secrets = new Secrets(fakeParts({}))
  await assert.rejects(
    secrets.create(contextOf(), async () => input),
    fault('badRequest'),
  )
  assert.ok(isWiped(input.payload.bytes))
})

test('a body is not read before its sender is authorized', async () => {
  const secrets = new Secrets(fakeParts({ secrets: { find: async () => storedSecret() } }))
  const stranger = contextOf(['nothing'])
  const never = () => assert.fail('it was read')
  await assert.rejects(secrets.create(stranger, never), fault('forbidden'))
  await assert.rejects(secrets.storePayload(stranger, SECRET_ID, never), fault('forbidden'))
  await assert.rejects(secrets.list(stranger, never), fault('forbidden'))
  await assert.rejects(secrets.remove(stranger, SECRET_ID, never), fault('forbidden'))
})

test('a second step that met a change is judged anew, and once it is refused it is refused', async () => {
  const find = inTurn(
    storedSecret(),
    storedSecret(),
    storedSecret({ creatorId: 'other', projectId: 'q' as never }),
  )
  const storePayload = inTurn<Changed>('stale', 'changed')
  const parts = fakeParts({ secrets: { find: find.next, storePayload: storePayload.next } })
  const bytes = Buffer.from(PAYLOAD)
  const upload = async () => ({ bytes, contentType: 'text/plain' as const })
  const stored = new Secrets(parts).storePayload(contextOf(), SECRET_ID, upload)
  await assert.rejects(stored, fault('forbidden'))
  assert.equal(storePayload.calls, 1)
  assert.ok(isWiped(bytes))
})

for (const [outcomes, kind] of [
  [['conflict'], 'conflict'],
  [['stale', 'conflict'], 'conflict'],
  [['stale', 'stale', 'stale', 'stale', 'stale', 'changed'], 'unavailable'],
] as const) {
  test(`a second step that is ${outcomes.join(', then ')} ends as ${kind}`, async () => {
    const turn = inTurn<Changed | 'conflict'>(...outcomes)
    const parts = fakeParts({
      secrets: { find: async () => storedSecret(), storePayload: turn.next },
    })
    const upload = async () => ({ bytes: Buffer.from(PAYLOAD), contentType: 'text/plain' as const })
    const stored = new Secrets(parts).storePayload(contextOf(), SECRET_ID, upload)
    await assert.rejects(stored, fault(kind))
    assert.equal(turn.calls, Math.min(outcomes.length, 5))
  })
}

test('a second step keeps all that was there and moves updated', async () => {
  const present = storedSecret({ name: 'kept', acl: null })
  let written: unknown
  const parts = fakeParts({
    secrets: {
      find: async () => present,
      storePayload: async (mac, secret) => {
        written = { mac, secret }
        return 'changed'
      },
    },
  })
  const upload = async () => ({ bytes: Buffer.from(PAYLOAD), contentType: 'text/plain' as const })
  await new Secrets(parts).storePayload(contextOf(), SECRET_ID, upload)
  assert.deepEqual(written, {
    mac: present.rowMac,
    secret: {
      ...present,
      contentType: 'text/plain',
      envelope: Buffer.from('sealed'),
      updatedAt: '2026-01-02T03:04:05.000000',
    },
  })
})

for (const [outcomes, kind] of [
  [['gone'], 'notFound'],
  [['stale', 'gone'], 'notFound'],
  [['stale'], 'unavailable'],
] as const) {
  test(`a removal that is ${outcomes.join(', then ')} ends as ${kind}`, async () => {
    const turn = inTurn<Changed>(...outcomes)
    let isGone = false
    const remove = async () => {
      const outcome = await turn.next()
      isGone = outcome === 'gone'
      return outcome
    }
    const find = async () => (isGone ? undefined : storedSecret())
    const secrets = new Secrets(fakeParts({ secrets: { find, remove } }))
    const removed = secrets.remove(contextOf(), SECRET_ID, () => 'remove')
    await assert.rejects(removed, fault(kind))
  })
}

test('an id that is none asks the database nothing', async () => {
  const secrets = new Secrets(fakeParts({}))
  await assert.rejects(secrets.read(contextOf(), undefined), fault('notFound'))
  await assert.rejects(
    secrets.readPayload(contextOf(), undefined, () => undefined),
    fault('notFound'),
  )
})

test('reading a payload looks for the record once', async () => {
  const record = storedSecret({ envelope: Buffer.from('sealed'), contentType: 'text/plain' })
  const find = inTurn(record)
  const payload = await new Secrets(fakeParts({ secrets: { find: find.next } })).readPayload(
    contextOf(),
    SECRET_ID,
    () => undefined,
  )
  assert.deepEqual(payload, { bytes: Buffer.from('opened'), contentType: 'text/plain' })
  assert.equal(find.calls, 1)
})
