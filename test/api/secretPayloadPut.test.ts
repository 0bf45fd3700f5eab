import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretOf, secretWithPayload } from '../support/doorSecrets.ts'

const TEXT = 'text/plain'
const OCTETS = 'application/octet-stream'
const bytesOf = (...bytes: number[]) => Buffer.from(bytes)

interface Row {
  readonly type: string | undefined
  readonly encoding?: string
  readonly body: string | Buffer
  readonly status: number
  /** What a reader gets, when it is not the body itself. */
  readonly stored?: Buffer
}

const ROWS: readonly Row[] = [
  { type: TEXT, body: 'plain', status: 204 },
  { type: TEXT, body: '  not trimmed \n', status: 204 },
  { type: `${TEXT}; charset=ascii`, body: 'parameters are ignored', status: 204 },
  { type: TEXT, body: bytesOf(0xff, 0xfe, 0x00), status: 204 },
  { type: TEXT, encoding: '', body: 'x', status: 204 },
  { type: TEXT, encoding: 'base64', body: 'AAEC', status: 204 },
  { type: TEXT, encoding: 'base64', body: 'no base64!', status: 204 },
  { type: TEXT, encoding: 'gzip', body: 'not gzipped', status: 204 },
  { type: OCTETS, body: bytesOf(0, 1, 2, 255), status: 204 },
  { type: `${OCTETS};x=y`, body: bytesOf(0, 1, 2), status: 204 },
  { type: OCTETS, body: '  AAEC  ', status: 204 },
  { type: OCTETS, encoding: '', body: 'AAEC', status: 204 },
  { type: OCTETS, encoding: 'base64', body: 'AAEC', status: 204, stored: bytesOf(0, 1, 2) },
  { type: OCTETS, encoding: 'BASE64', body: 'AAEC', status: 204, stored: bytesOf(0, 1, 2) },
  { type: OCTETS, encoding: 'base64', body: 'AA\nEC\n', status: 204, stored: bytesOf(0, 1, 2) },
  { type: OCTETS, encoding: 'base64', body: 'AAE', status: 400 },
  { type: OCTETS, encoding: 'base64', body: 'AA*EC', status: 204, stored: bytesOf(0, 1, 2) },
  { type: OCTETS, encoding: 'base64', body: '====', status: 400 },
  {
    type: OCTETS,
    encoding: 'base64',
    body: bytesOf(0xc1, 0xc1, 0xc1, 0xc1),
    status: 204,
    stored: bytesOf(),
  },
  { type: OCTETS, encoding: 'binary', body: 'x', status: 400 },
  { type: OCTETS, encoding: 'gzip', body: 'x', status: 400 },
  { type: OCTETS, encoding: 'identity', body: 'x', status: 400 },
  { type: OCTETS, encoding: 'base64, gzip', body: 'AAEC', status: 400 },
  { type: TEXT, body: '', status: 400 },
  { type: OCTETS, body: '', status: 400 },
  { type: undefined, body: 'x', status: 415 },
  { type: '', body: 'x', status: 415 },
  { type: 'Text/Plain', body: 'x', status: 415 },
  { type: 'application/pkcs8', body: 'x', status: 415 },
  { type: 'application/json', body: '{}', status: 415 },
  { type: 'toString', body: 'x', status: 415 },
  { type: TEXT, body: 'x'.repeat(20_000), status: 204 },
  { type: TEXT, body: 'x'.repeat(20_001), status: 413 },
  { type: OCTETS, body: Buffer.alloc(20_000, 1), status: 204 },
  { type: OCTETS, body: Buffer.alloc(20_001, 1), status: 413 },
  {
    type: OCTETS,
    encoding: 'base64',
    body: Buffer.alloc(15_000, 1).toString('base64'),
    status: 204,
    stored: Buffer.alloc(15_000, 1),
  },
  { type: OCTETS, encoding: 'base64', body: Buffer.alloc(15_001).toString('base64'), status: 413 },
]

describe('PUT /v1/secrets/{id}', () => {
  let door: Door
  let creator: Caller
  before(async () => {
    door = await openDoor()
    creator = door.as({ project: 'put', user: 'u', roles: ['creator'] })
  })
  after(() => door.close())

  const put = (path: string, { type, encoding, body }: Omit<Row, 'status'>) =>
    creator.ask('PUT', path, {
      body,
      headers: {
        ...(type === undefined ? {} : { 'content-type': type }),
        ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
      },
    })

  for (const row of ROWS) {
    const size =
      row.body.length > 30 ? `${row.body.length} bytes` : JSON.stringify(String(row.body))
    test(`${row.type}, encoding ${row.encoding}, body ${size} is ${row.status}`, async () => {
      const { path } = await secretOf(creator)
      const answer = await put(path, row)
      assert.equal(answer.status, row.status, answer.text)
      const read = await creator.get(`${path}/payload`, { accept: OCTETS })
      const metadata = await creator.get(path)
      if (row.status !== 204) {
        assert.equal(read.status, 404)
        assert.ok(!('content_types' in metadata.json))
        return
      }
      assert.equal(answer.bytes.length, 0)
      assert.deepEqual(read.bytes, row.stored ?? Buffer.from(row.body))
      assert.deepEqual(metadata.json['content_types'], { default: row.type?.split(';')[0] })
    })
  }

  test('updated moves, created and all else stay', async () => {
    const fields = {
      name: 'n',
      algorithm: 'aes',
      bit_length: 8,
      mode: 'm',
      secret_type: 'symmetric',
    }
    const { path } = await secretOf(creator, fields)
    const before = (await creator.get(path)).json
    await creator.put(path, 'x', { 'content-type': TEXT })
    const { updated, content_types, ...after } = (await creator.get(path)).json
    assert.ok(String(updated) > String(before['updated']))
    assert.deepEqual(content_types, { default: TEXT })
    const { updated: _, ...rest } = before
    assert.deepEqual(after, rest)
  })

  test('a payload is written once, whichever way it came', async () => {
    const first = await secretWithPayload(creator, { payload: 'first' })
    assert.equal((await put(first.path, { type: TEXT, body: 'second' })).status, 409)
    const two = await secretOf(creator)
    assert.equal((await put(two.path, { type: TEXT, body: 'first' })).status, 204)
    const again = await put(two.path, { type: OCTETS, body: 'second' })
    assert.equal(again.status, 409)
    assert.equal(again.json['title'], 'Conflict')
    for (const { path } of [first, two]) {
      assert.equal((await creator.get(`${path}/payload`)).text, 'first')
    }
  })

  test('415, an empty body and a large one are noticed before the conflict', async () => {
    const { path } = await secretWithPayload(creator)
    assert.equal((await put(path, { type: 'application/json', body: '{}' })).status, 415)
    assert.equal((await put(path, { type: TEXT, body: '' })).status, 400)
    assert.equal((await put(path, { type: TEXT, body: 'x'.repeat(20_001) })).status, 413)
  })

  test('a transport key that nobody knows is 400', async () => {
    const { path } = await secretOf(creator)
    const answer = await put(`${path}?transport_key_id=nothing`, { type: TEXT, body: 'x' })
    assert.equal(answer.status, 400)
    assert.equal((await put(path, { type: TEXT, body: 'x' })).status, 204)
  })
})
