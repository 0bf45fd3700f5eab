import assert from 'node:assert/strict'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { asciiJson, faultAnswer, isClientFault } from '../../../src/http/answers.ts'
import { Exchange } from '../../../src/http/exchange.ts'
import { byPath } from '../../../src/http/pathVerbs.ts'
import { renderPayload } from '../../../src/http/render/payload.ts'
import type { Route } from '../../../src/http/route.ts'
import { Fault, type FaultKind } from '../../../src/lib/fault.ts'

/** One request against a server that does just this. */
async function served(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      get({ port, host: '127.0.0.1', agent: false }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve(Buffer.concat(chunks)))
      }).on('error', reject)
    })
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

const isWiped = (bytes: Buffer) => bytes.every((byte) => byte === 0)

test('a payload arrives whole and is wiped once it has left', async () => {
  const payload = Buffer.alloc(20_000, 7)
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const body = await served((request, response) => {
    response.once('close', resolve)
    const exchange = new Exchange(request, response)
    exchange.send({ status: 200, payload, contentType: 'application/octet-stream' }, {})
    assert.equal(exchange.bytes, 20_000)
  })
  await closed
  assert.deepEqual(body, Buffer.alloc(20_000, 7))
  assert.ok(isWiped(payload))
})

test('a payload for somebody who has gone is wiped and not sent', async () => {
  const payload = Buffer.alloc(100, 7)
  await assert.rejects(
    served((request, response) => {
      response.destroy()
      new Exchange(request, response).send({ status: 200, payload }, {})
    }),
  )
  assert.ok(isWiped(payload))
})

test('a payload that no Accept fits is wiped before the 406', () => {
  const bytes = Buffer.from([0xff, 0xfe])
  assert.throws(
    () => renderPayload({ bytes, contentType: 'text/plain' }, 'text/plain'),
    (error: unknown) => error instanceof Fault && error.kind === 'notAcceptable',
  )
  assert.ok(isWiped(bytes))
})

test('what is no Fault is a bare 500 that says nothing of it', () => {
  for (const thrown of [new Error('SQLITE: secrets.payload'), 'text', undefined, null, 7, {}]) {
    const answer = faultAnswer(thrown, 'req-x')
    assert.deepEqual(answer.json, {
      code: 500,
      title: 'Internal Server Error',
      description: 'The server could not answer. Give its operator this request id: req-x.',
    })
    assert.ok(!isClientFault(thrown))
  }
})

test('corrupted keeps its message to itself', () => {
  const answer = faultAnswer(new Fault('corrupted', 'row MAC of secret 7'), 'req-x')
  assert.ok(!JSON.stringify(answer).includes('MAC'))
})

const kinds: readonly (readonly [FaultKind, number, string])[] = [
  ['badRequest', 400, 'Bad Request'],
  ['unauthorized', 401, 'Unauthorized'],
  ['forbidden', 403, 'Forbidden'],
  ['notFound', 404, 'Not Found'],
  ['methodNotAllowed', 405, 'Method Not Allowed'],
  ['notAcceptable', 406, 'Not Acceptable'],
  ['conflict', 409, 'Conflict'],
  ['tooLarge', 413, 'Request Entity Too Large'],
  ['unsupportedMediaType', 415, 'Unsupported Media Type'],
  ['corrupted', 500, 'Internal Server Error'],
  ['unavailable', 503, 'Service Unavailable'],
]
for (const [kind, status, title] of kinds) {
  test(`${kind} is ${status} ${title}`, () => {
    const { json, ...answer } = faultAnswer(new Fault(kind, 'text'), 'req-x')
    assert.equal(answer.status, status)
    assert.equal((json as { title: string }).title, title)
    assert.equal((json as { code: number }).code, status)
  })
}

test('JSON on the wire is ASCII and reads back', () => {
  for (const value of ['é', '\u2028', '🔑', '\ud800', '\u0000', '\u007f', { ключ: ['值'] }]) {
    const text = asciiJson(value)
    assert.match(text, /^[\x20-\x7f]*$/)
    assert.deepEqual(JSON.parse(text), value)
  }
})

test('two records for one method and path do not start', () => {
  const route = { method: 'GET', path: '/v1/x' } as Route
  assert.throws(() => byPath([route, route]), /two records for GET \/v1\/x/)
})
