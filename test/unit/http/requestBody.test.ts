import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { readBody } from '../../../src/http/requestBody.ts'
import { Fault } from '../../../src/lib/fault.ts'

/** A request whose body comes when the test says so. */
function incoming(headers: Readonly<Record<string, string>> = {}) {
  const stream = new PassThrough()
  const request = Object.assign(stream, { headers }) as unknown as IncomingMessage
  return { stream, request }
}

const fault = (kind: string) => (error: unknown) => error instanceof Fault && error.kind === kind
const isWiped = (bytes: Buffer) => bytes.every((byte) => byte === 0)

test('a body in one piece is that piece, not a copy', async () => {
  const { stream, request } = incoming()
  const read = readBody(request, 10)
  const piece = Buffer.from('whole')
  stream.end(piece)
  assert.equal(await read, piece)
})

/** A request that has come to its last byte before anybody asks for its body. */
function arrived(...pieces: readonly Buffer[]): IncomingMessage {
  const request = new IncomingMessage(new Socket())
  for (const piece of pieces) request.push(piece)
  request.push(null)
  request.complete = true
  return request
}

test('a body that has come already is taken as it lies there, and ends', async () => {
  const piece = Buffer.from('whole')
  const request = arrived(piece)
  const ended = new Promise((resolve) => request.once('end', resolve))
  assert.equal(await readBody(request, 10), piece)
  await ended
})

test('the pieces of a body that has come already are wiped once they are joined', async () => {
  const pieces = [Buffer.from('one'), Buffer.from('two')]
  assert.equal(String(await readBody(arrived(...pieces), 6)), 'onetwo')
  assert.ok(pieces.every(isWiped))
})

test('a body that has come already and is too large is wiped and refused', async () => {
  const pieces = [Buffer.from('one'), Buffer.from('two')]
  await assert.rejects(readBody(arrived(...pieces), 5), fault('tooLarge'))
  assert.ok(pieces.every(isWiped))
})

test('a request without a body has an empty one', async () => {
  assert.equal((await readBody(arrived(), 5)).length, 0)
})

test('the pieces of a joined body are wiped, the body is not', async () => {
  const { stream, request } = incoming()
  const read = readBody(request, 10)
  const pieces = [Buffer.from('one'), Buffer.from('two')]
  for (const piece of pieces) stream.write(piece)
  stream.end()
  assert.equal(String(await read), 'onetwo')
  assert.ok(pieces.every(isWiped))
})

test('a body that is too large is read to its end, wiped and refused', async () => {
  const { stream, request } = incoming()
  const read = readBody(request, 5)
  const pieces = [Buffer.from('one'), Buffer.from('two'), Buffer.from('three')]
  for (const piece of pieces) stream.write(piece)
  let isSettled = false
  const refused = assert.rejects(read, fault('tooLarge')).then(() => {
    isSettled = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.ok(!isSettled, 'the end was not there yet')
  stream.end()
  await refused
  assert.ok(pieces.every(isWiped))
})

test('a body that is declared much too large is refused at once, and closes the connection', async () => {
  const { request } = incoming({ 'content-length': '2000000' })
  await assert.rejects(readBody(request, 5), (error: unknown) => {
    assert.ok(error instanceof Fault)
    assert.equal(error.kind, 'tooLarge')
    assert.deepEqual(error.headers, { Connection: 'close' })
    return true
  })
})

test('a body without end is cut off', async () => {
  const { stream, request } = incoming()
  const refused = assert.rejects(readBody(request, 5), fault('tooLarge'))
  for (let written = 0; written < 20; written += 1) stream.write(Buffer.alloc(65_536, 1))
  await refused
})

for (const [what, end] of [
  ['broke off', (stream: PassThrough) => stream.destroy(new Error('reset'))],
  ['closed', (stream: PassThrough) => stream.destroy()],
] as const) {
  test(`a body whose connection ${what} is refused, and what came is wiped`, async () => {
    const { stream, request } = incoming()
    const refused = assert.rejects(readBody(request, 100), fault('badRequest'))
    const piece = Buffer.from('half')
    stream.write(piece)
    await new Promise((resolve) => setImmediate(resolve))
    end(stream)
    await refused
    assert.ok(isWiped(piece))
  })
}

test('a body whose sender has gone already is refused, not waited for', async () => {
  const { stream, request } = incoming()
  stream.destroy()
  await new Promise((resolve) => stream.once('close', resolve))
  await assert.rejects(readBody(request, 100), fault('badRequest'))
})
