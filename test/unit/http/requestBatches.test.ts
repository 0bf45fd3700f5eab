import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { RequestBatches } from '../../../src/http/requestBatches.ts'

function batchesWith() {
  const started: string[] = []
  const refused: Socket[] = []
  const batches = new RequestBatches({
    handle: ({ method = '', url = '' }) => started.push(`${method} ${url}`),
    onTooMany: (socket) => void refused.push(socket),
  })
  const take = (method: string, url: string, socket = new Socket()): void => {
    batches.take({ method, url, socket } as IncomingMessage, {} as ServerResponse)
  }
  return { batches, started, refused, take }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('what came in one turn starts together, in its order', async () => {
  const { batches, started, take } = batchesWith()
  for (const url of ['/v1/orders', '/v1/secrets', '/v1/containers']) take('GET', url)
  assert.equal(batches.waiting, 3)
  assert.deepEqual(started, [])
  await turn()
  assert.deepEqual(started, ['GET /v1/orders', 'GET /v1/secrets', 'GET /v1/containers'])
  assert.equal(batches.waiting, 0)
})

test('where more wait than start together, health checks, discovery and reads of a secret go first', async () => {
  const { batches, started, take } = batchesWith()
  for (let index = 0; index < 1_000; index += 1) take('POST', `/v1/secrets/${index}`)
  const first = ['/healthcheck', '/', '/v1/secrets/ID', '/v1/secrets/ID/payload']
  for (const url of first) take('GET', url)
  await turn()
  assert.deepEqual(
    started.slice(0, 4),
    first.map((url) => `GET ${url}`),
  )
  assert.equal(started.length, 64)
  assert.equal(batches.waiting, 940)
  while (batches.waiting > 0) await turn()
  assert.equal(new Set(started).size, 1_004)
})

test('whatever goes first, the others move on', async () => {
  const { batches, started, take } = batchesWith()
  for (let index = 0; index < 100; index += 1) take('POST', `/v1/orders/${index}`)
  for (let round = 0; round < 7; round += 1) {
    for (let index = 0; index < 64; index += 1) take('GET', '/v1/secrets/ID')
    await turn()
  }
  const others = started.filter((line) => line.startsWith('POST'))
  assert.equal(others.length, 100)
  assert.deepEqual(
    others,
    others.toSorted((a, b) => Number(a.split('/').at(-1)) - Number(b.split('/').at(-1))),
  )
  assert.ok(batches.waiting > 0)
})

test('a connection that sends many in one breath stands in line once, and its requests stay in their order', async () => {
  const { batches, started, take } = batchesWith()
  const greedy = new Socket()
  for (let index = 0; index < 80; index += 1) take('POST', `/v1/orders/${index}`, greedy)
  for (let index = 0; index < 10; index += 1) take('POST', `/v1/containers/${index}`)
  assert.equal(batches.waiting, 11)
  await turn()
  assert.equal(started.length, 11)
  while (batches.waiting > 0) await turn()
  const own = started.filter((line) => line.includes('/v1/orders/'))
  assert.deepEqual(
    own,
    Array.from({ length: 80 }, (_, index) => `POST /v1/orders/${index}`),
  )
})

test('one that sends more than are kept is closed, told of once, and nothing of it is begun any more', async () => {
  const { batches, started, refused, take } = batchesWith()
  const greedy = new Socket()
  for (let index = 0; index < 5_000; index += 1) take('GET', '/v1/orders', greedy)
  assert.deepEqual(refused, [greedy])
  assert.ok(greedy.destroyed)
  await turn()
  assert.equal(batches.waiting, 0)
  assert.ok(started.length <= 1)
})
