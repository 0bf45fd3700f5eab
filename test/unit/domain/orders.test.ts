import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyLengths } from '../../../src/domain/keyAlgorithms.ts'
import type { NewKeyOrder } from '../../../src/domain/newOrder.ts'
import { Orders } from '../../../src/domain/orders.ts'
import type { OrderRepository } from '../../../src/domain/ports/orderRepositories.ts'
import { SecretMetadata } from '../../../src/domain/secretMetadata.ts'
import { Fault } from '../../../src/lib/fault.ts'
import { contextOf, fakeParts, inTurn, SECRET_ID, storedSecret } from './fakeParts.ts'

const AES: NewKeyOrder = {
  type: 'key',
  name: 'n',
  algorithm: 'aes',
  bitLength: 256,
  mode: null,
  expiration: null,
  contentType: 'application/octet-stream',
  meta: { algorithm: 'aes', bit_length: 256, creator_id: 'somebody else' },
}

const fault = (kind: string) => (error: unknown) => error instanceof Fault && error.kind === kind
type Placed = Parameters<OrderRepository['place']>

async function placed(input: NewKeyOrder): Promise<Placed> {
  const calls: Placed[] = []
  const place: OrderRepository['place'] = async (...call) => {
    calls.push(call)
    return 'placed'
  }
  await new Orders(fakeParts({ orders: { place } })).create(contextOf(), async () => input)
  assert.equal(calls.length, 1)
  return calls[0] ?? assert.fail()
}

test('the key of an order belongs to who ordered, whatever meta says', async () => {
  const [order, secret] = await placed(AES)
  assert.equal(order.creatorId, 'u')
  assert.equal(secret?.creatorId, 'u')
  assert.equal(secret?.projectId, 'p')
  assert.equal(order.secretId, secret?.id)
  assert.equal(secret?.secretType, 'symmetric')
})

test('an order that cannot be made makes nothing', async () => {
  const [order, secret] = await placed({ ...AES, algorithm: 'rot13' })
  assert.equal(order.status, 'ERROR')
  assert.equal(order.errorStatusCode, '400')
  assert.equal(order.secretId, null)
  assert.equal(secret, undefined)
})

test('a key that is gone is forgotten, and the order tried again under one id', async () => {
  const outcomes = inTurn<'keyGone' | 'placed'>('keyGone', 'placed')
  const ids: string[] = []
  const parts = fakeParts({
    orders: {
      place: async (order) => {
        ids.push(order.id)
        return outcomes.next()
      },
    },
  })
  await new Orders(parts).create(contextOf(), async () => AES)
  assert.deepEqual(parts.purged, ['p'])
  assert.equal(ids.length, 2)
  assert.equal(new Set(ids).size, 1)
})

test('a body is not read before its sender is authorized', async () => {
  const orders = new Orders(fakeParts({}))
  const never = () => assert.fail('it was read')
  await assert.rejects(orders.create(contextOf(['observer']), never), fault('forbidden'))
  await assert.rejects(orders.refuseUpdate(contextOf(['observer'])), fault('forbidden'))
  await assert.rejects(orders.refuseUpdate(contextOf()), fault('methodNotAllowed'))
})

test('aes has the lengths that cinder and nova order, with and without a mode', () => {
  for (const mode of [null, 'xts', 'XTS', 'cbc']) {
    for (const bits of [128, 192, 256, 384, 512]) {
      assert.ok(keyLengths('AES', mode)?.includes(bits), `${mode} ${bits}`)
    }
    assert.ok(!keyLengths('aes', mode)?.includes(8))
  }
  assert.deepEqual(keyLengths('hmacsha256', 'xts'), [128, 256, 384, 512])
  for (const unknown of ['', 'rsa', 'desede', 'constructor', '__proto__']) {
    assert.equal(keyLengths(unknown, null), undefined)
  }
})

test('metadata of a secret that goes meanwhile is 404', async () => {
  const gone = async () => 'gone' as const
  const parts = fakeParts({
    secrets: { find: async () => storedSecret() },
    metadata: { replaceAll: gone, add: gone },
  })
  const metadata = new SecretMetadata(parts)
  const entry = async () => ({ key: 'k', value: 'v' })
  await assert.rejects(metadata.add(contextOf(), SECRET_ID, entry), fault('notFound'))
  const all = async () => new Map<string, string>()
  await assert.rejects(metadata.replaceAll(contextOf(), SECRET_ID, all), fault('notFound'))
})
