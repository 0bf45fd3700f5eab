import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { secretOf } from '../../support/doorSecrets.ts'
import { assertProper, attack, type Case, IDENTITY, target } from '../../support/hostileSuite.ts'

const HEAD = `Host: localhost\r\n${IDENTITY}`
const CLOSE = `${HEAD}Connection: close\r\n`
const JSON_TYPE = 'Content-Type: application/json\r\n'
const BODY = '{"name":"n"}'
const GET = `GET / HTTP/1.1\r\n${HEAD}\r\n`
const LAST = `GET / HTTP/1.1\r\n${CLOSE}\r\n`
const post = (headers: string, body: string) =>
  `POST /v1/secrets HTTP/1.1\r\n${CLOSE}${JSON_TYPE}${headers}\r\n${body}`
const chunked = (chunks: string) => post('Transfer-Encoding: chunked\r\n', chunks)
/** A request that must never be served: it is somebody's body. */
const SMUGGLED = `DELETE /v1/secrets/{id} HTTP/1.1\r\n${HEAD}\r\n`

describe('bytes on the wire', () => {
  const at = target()

  describe('where a body ends', () => {
    const cases: Case[] = [
      { name: 'exactly as declared', bytes: post('Content-Length: 12\r\n', BODY), statuses: [201] },
      { name: 'a length of zero', bytes: post('Content-Length: 0\r\n', ''), statuses: [400] },
      { name: 'no length and no body', bytes: post('', ''), statuses: [400] },
      {
        name: 'a length that cuts the body',
        bytes: post('Content-Length: 5\r\n', BODY),
        statuses: [400],
      },
      {
        name: 'a length that is too long, then silence',
        bytes: post('Content-Length: 50\r\n', BODY),
        how: { hangUp: true },
        statuses: [400],
      },
      { name: 'a negative length', bytes: post('Content-Length: -1\r\n', BODY), statuses: [400] },
      {
        name: 'a length with a plus',
        bytes: post('Content-Length: +12\r\n', BODY),
        statuses: [400],
      },
      { name: 'a length in hex', bytes: post('Content-Length: 0xc\r\n', BODY), statuses: [400] },
      {
        name: 'a length with a fraction',
        bytes: post('Content-Length: 12.0\r\n', BODY),
        statuses: [400],
      },
      { name: 'a length of nothing', bytes: post('Content-Length: \r\n', BODY), statuses: [400] },
      {
        name: 'a length of words',
        bytes: post('Content-Length: twelve\r\n', BODY),
        statuses: [400],
      },
      {
        name: 'a length of 30 digits',
        bytes: post(`Content-Length: ${'9'.repeat(30)}\r\n`, BODY),
        statuses: [400],
      },
      {
        name: 'a length of a terabyte',
        bytes: post('Content-Length: 1099511627776\r\n', BODY),
        statuses: [413],
      },
      {
        name: 'two lengths that agree',
        bytes: post('Content-Length: 12\r\nContent-Length: 12\r\n', BODY),
        statuses: [400],
      },
      {
        name: 'two lengths that differ',
        bytes: post('Content-Length: 12\r\nContent-Length: 5\r\n', BODY),
        statuses: [400],
      },
      {
        name: 'a list of lengths',
        bytes: post('Content-Length: 12, 12\r\n', BODY),
        statuses: [400],
      },
      { name: 'one chunk', bytes: chunked(`c\r\n${BODY}\r\n0\r\n\r\n`), statuses: [201] },
      {
        name: 'a chunk for each byte',
        bytes: chunked(`${[...BODY].map((it) => `1\r\n${it}\r\n`).join('')}0\r\n\r\n`),
        statuses: [201],
      },
      {
        name: 'chunk sizes in capitals, with zeros',
        bytes: chunked(`000C\r\n${BODY}\r\n0\r\n\r\n`),
        statuses: [201],
      },
      {
        name: 'chunks with extensions',
        bytes: chunked(`c;a=b;c\r\n${BODY}\r\n0\r\n\r\n`),
        statuses: [201, 400],
      },
      {
        name: 'a chunk extension of 20 KB',
        bytes: chunked(`c;${'x'.repeat(20_000)}\r\n${BODY}\r\n0\r\n\r\n`),
      },
      {
        name: 'trailers',
        bytes: chunked(`c\r\n${BODY}\r\n0\r\nX-Project-Id: other\r\n\r\n`),
        statuses: [201],
      },
      {
        name: 'trailers of 40 KB',
        bytes: chunked(`c\r\n${BODY}\r\n0\r\nX-A: ${'x'.repeat(40_000)}\r\n\r\n`),
      },
      { name: 'a negative chunk', bytes: chunked(`-1\r\n${BODY}\r\n0\r\n\r\n`), statuses: [400] },
      {
        name: 'a chunk of nonsense',
        bytes: chunked(`zz\r\n${BODY}\r\n0\r\n\r\n`),
        statuses: [400],
      },
      {
        name: 'a chunk of 2^64',
        bytes: chunked(`ffffffffffffffffff\r\n${BODY}\r\n0\r\n\r\n`),
        statuses: [400],
      },
      {
        name: 'a chunk longer than it says',
        bytes: chunked(`5\r\n${BODY}\r\n0\r\n\r\n`),
        statuses: [400],
      },
      {
        name: 'a chunk shorter than it says',
        bytes: chunked(`ff\r\n${BODY}\r\n0\r\n\r\n`),
        how: { hangUp: true },
        statuses: [400],
      },
      {
        name: 'chunks without an end',
        bytes: chunked(`c\r\n${BODY}\r\n`),
        how: { hangUp: true },
        statuses: [400],
      },
      {
        name: 'chunks ended by bare LF',
        bytes: chunked(`c\n${BODY}\n0\n\n`),
        how: { hangUp: true },
      },
      {
        name: 'chunks beyond the limit',
        bytes: chunked(`${`1000\r\n${' '.repeat(4096)}\r\n`.repeat(7)}0\r\n\r\n`),
        statuses: [413],
      },
      {
        name: 'an unknown transfer coding',
        bytes: post('Transfer-Encoding: gzip\r\n', BODY),
        statuses: [400],
      },
      {
        name: 'chunked and another coding',
        bytes: post('Transfer-Encoding: chunked, gzip\r\n', `c\r\n${BODY}\r\n0\r\n\r\n`),
      },
      {
        name: 'chunked said oddly',
        bytes: post('Transfer-Encoding: xchunked\r\n', `c\r\n${BODY}\r\n0\r\n\r\n`),
        statuses: [400],
      },
      {
        name: 'a GET with a body',
        bytes: `GET / HTTP/1.1\r\n${CLOSE}Content-Length: 12\r\n\r\n${BODY}`,
        statuses: [300],
      },
      {
        name: 'a DELETE with a body of 100 KB',
        bytes: `DELETE /v1/secrets/x HTTP/1.1\r\n${CLOSE}Content-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`,
        statuses: [404],
      },
      {
        name: 'Expect: 100-continue',
        bytes: post('Expect: 100-continue\r\nContent-Length: 12\r\n', BODY),
        statuses: [201],
      },
      {
        name: 'Expect: 100-continue for too much',
        bytes: post('Expect: 100-continue\r\nContent-Length: 99999\r\n', 'x'.repeat(99_999)),
        statuses: [413],
      },
      {
        name: 'Expect: something else',
        bytes: post('Expect: 200-maybe\r\nContent-Length: 12\r\n', BODY),
        statuses: [417],
      },
      {
        name: 'Upgrade to a web socket',
        bytes: `GET / HTTP/1.1\r\n${HEAD}Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\n\r\n`,
        how: { hangUp: true },
        statuses: [300],
      },
      {
        name: 'Upgrade to HTTP/2',
        bytes: `GET / HTTP/1.1\r\n${HEAD}Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n`,
        how: { hangUp: true },
        statuses: [300],
      },
      { name: 'an HTTP/2 preface', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', statuses: [400] },
      {
        name: 'Connection naming other headers',
        bytes: `GET / HTTP/1.1\r\n${HEAD}Connection: close, X-Project-Id, Host\r\n\r\n`,
        statuses: [300],
      },
    ]
    attack(at, cases)
  })

  describe('requests hidden in requests', () => {
    const te = 'Transfer-Encoding: chunked\r\n'
    const pairs: readonly (readonly [string, string, string])[] = [
      ['a length and chunks', `Content-Length: 6\r\n${te}`, `0\r\n\r\n${SMUGGLED}`],
      ['chunks and a length', `${te}Content-Length: 6\r\n`, `0\r\n\r\n${SMUGGLED}`],
      [
        'chunks with a blank before the colon',
        `Transfer-Encoding : chunked\r\nContent-Length: 5\r\n`,
        `0\r\n\r\n${SMUGGLED}`,
      ],
      [
        'chunks after a folded line',
        `Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n`,
        `0\r\n\r\n${SMUGGLED}`,
      ],
      [
        'chunks after a tab',
        `Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n`,
        `0\r\n\r\n${SMUGGLED}`,
      ],
      [
        'chunks after a vertical tab',
        `Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n`,
        `0\r\n\r\n${SMUGGLED}`,
      ],
      [
        'two transfer codings',
        `${te}Transfer-Encoding: identity\r\nContent-Length: 5\r\n`,
        `0\r\n\r\n${SMUGGLED}`,
      ],
      [
        'a coding nobody knows',
        `Transfer-Encoding: cow\r\nContent-Length: 5\r\n`,
        `0\r\n\r\n${SMUGGLED}`,
      ],
      [
        'a header ended by LF',
        `X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n`,
        `0\r\n\r\n${SMUGGLED}`,
      ],
      [
        'a header ended by CR',
        `X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n`,
        `0\r\n\r\n${SMUGGLED}`,
      ],
      ['two lengths', `Content-Length: 0\r\nContent-Length: ${SMUGGLED.length}\r\n`, SMUGGLED],
      ['a NUL in a length', `Content-Length: 0\0\r\n`, SMUGGLED],
      ['a length with blanks in it', `Content-Length: 1 2\r\n`, SMUGGLED],
    ]
    for (const [name, headers, body] of pairs) {
      test(`${name}: the one that is hidden is never served`, async () => {
        const { wire, owner, secret } = at.get()
        const text = `POST /v1/secrets HTTP/1.1\r\n${HEAD}${JSON_TYPE}${headers}\r\n${body}`
        const heard = await wire.say(text.replaceAll('{id}', secret.slice(-36)), { hangUp: true })
        assertProper(heard)
        assert.ok(!heard.statuses.includes(204), heard.text)
        assert.equal((await owner.get(secret)).status, 200)
      })
    }

    test('a body that is a request is a body', async () => {
      const { wire, owner, secret } = at.get()
      const text = `POST /v1/secrets HTTP/1.1\r\n${HEAD}${JSON_TYPE}Content-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`
      const heard = await wire.say([text, LAST])
      assert.deepEqual(heard.statuses, [400, 300])
      assert.equal((await owner.get(secret)).status, 200)
    })

    test('a body that nobody read does not become the next request', async () => {
      const { wire, owner, secret } = at.get()
      for (const line of [
        'GET /v1/secrets',
        'POST /v1/nothing',
        'PATCH /v1/secrets',
        'OPTIONS /v1',
      ]) {
        const body = SMUGGLED.replaceAll('{id}', secret.slice(-36))
        const text = `${line} HTTP/1.1\r\n${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`
        const heard = await wire.say([text, LAST])
        assert.equal(heard.statuses.length, 2, line)
        assert.equal(heard.statuses[1], 300, line)
      }
      assert.equal((await owner.get(secret)).status, 200)
    })
  })

  describe('many requests on one connection', () => {
    test('100 at once are answered in order', async () => {
      const { wire, secret } = at.get()
      const lines = Array.from(
        { length: 100 },
        (_, index) =>
          [GET, `GET ${secret} HTTP/1.1\r\n${HEAD}\r\n`, `GET /v1/x HTTP/1.1\r\n${HEAD}\r\n`][
            index % 3
          ] ?? '',
      )
      const { statuses } = await wire.say([lines.join(''), LAST])
      const expected = Array.from({ length: 100 }, (_, index) => [300, 200, 404][index % 3])
      assert.deepEqual(statuses, [...expected, 300])
    })

    test('writes at once are all done, in order', async () => {
      const { wire } = at.get()
      const one = `POST /v1/secrets HTTP/1.1\r\n${HEAD}${JSON_TYPE}Content-Length: 12\r\n\r\n${BODY}`
      const { statuses } = await wire.say([one.repeat(20), LAST])
      assert.deepEqual(statuses, [...Array.from({ length: 20 }, () => 201), 300])
    })

    test('byte by byte is as good as at once', async () => {
      const { wire, secret } = at.get()
      const text = `POST /v1/secrets HTTP/1.1\r\n${CLOSE}${JSON_TYPE}Content-Length: 12\r\n\r\n${BODY}`
      const pieces = [...text].map((it) => Buffer.from(it))
      assert.deepEqual((await wire.say(pieces, { inPieces: true })).statuses, [201])
      assert.ok(secret)
    })

    test('blank lines between requests are overlooked', async () => {
      const { wire } = at.get()
      assert.deepEqual((await wire.say([GET, '\r\n', GET, '\r\n', LAST])).statuses, [300, 300, 300])
    })

    test('junk after a request is refused once, and the connection closed', async () => {
      const { wire } = at.get()
      const heard = await wire.say([GET, 'junk\r\n\r\n', GET])
      assertProper(heard)
      assert.equal(heard.statuses.at(-1), 400)
      assert.ok(heard.statuses.length <= 2)
    })

    const oversized = (size: number) =>
      `POST /v1/secrets HTTP/1.1\r\n${HEAD}${JSON_TYPE}Content-Length: ${size}\r\n\r\n${'x'.repeat(size)}`

    test('a body that is a little too large is read to its end, so that its sender sees the 413', async () => {
      const { wire } = at.get()
      assert.deepEqual((await wire.say([oversized(300_000), LAST])).statuses, [413, 300])
    })

    test('a body that is much too large ends the connection, and is said to', async () => {
      const { wire } = at.get()
      const heard = await wire.say([oversized(2_000_000), GET])
      assert.deepEqual(heard.statuses, [413])
      assert.match(heard.text, /\r\nConnection: close\r\n/i)
    })

    test('chunks without end are cut off as well', async () => {
      const { wire } = at.get()
      const head = `POST /v1/secrets HTTP/1.1\r\n${HEAD}${JSON_TYPE}Transfer-Encoding: chunked\r\n\r\n`
      const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
      const heard = await wire.say([head, ...Array.from({ length: 20 }, () => chunk)])
      assertProper(heard)
      assert.ok(heard.statuses.length === 0 || heard.statuses[0] === 413)
    })

    test('refusals of all kinds leave the connection usable', async () => {
      const { wire, secret } = at.get()
      const nobody = 'GET /v1/secrets HTTP/1.1\r\nHost: localhost\r\n\r\n'
      const lines = [
        nobody,
        `GET /v1/x HTTP/1.1\r\n${HEAD}\r\n`,
        `PATCH ${secret} HTTP/1.1\r\n${HEAD}\r\n`,
        `HEAD ${secret} HTTP/1.1\r\n${HEAD}\r\n`,
        `GET /v1/secrets HTTP/1.1\r\n${HEAD}Accept: text/html\r\n\r\n`,
        `POST /v1/secrets HTTP/1.1\r\n${HEAD}Content-Length: 2\r\n\r\n{}`,
        `POST /v1/secrets HTTP/1.1\r\n${HEAD}${JSON_TYPE}Content-Length: 1\r\n\r\n{`,
        `DELETE ${secret}/metadata/none HTTP/1.1\r\n${HEAD}\r\n`,
        `GET ${secret} HTTP/1.1\r\n${HEAD}If-None-Match: *\r\n\r\n`,
      ]
      const { statuses } = await wire.say([lines.join(''), LAST])
      assert.deepEqual(statuses, [401, 404, 405, 405, 406, 415, 400, 204, 304, 300])
    })
  })

  describe('payload bodies in chunks', () => {
    for (const [size, status] of [
      [20_000, 204],
      [20_001, 413],
    ] as const) {
      test(`${size} bytes of unknown length are ${status}`, async () => {
        const { wire, owner } = at.get()
        const { path } = await secretOf(owner)
        const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${'p'.repeat(bytes)}\r\n`
        const body = `${chunk(10_000)}${chunk(size - 10_000)}0\r\n\r\n`
        const head = `PUT ${path} HTTP/1.1\r\n${CLOSE}Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n`
        assert.deepEqual((await wire.say([head, body])).statuses, [status])
        const read = await owner.get(`${path}/payload`)
        assert.equal(read.status, status === 204 ? 200 : 404)
        if (status === 204) assert.equal(read.text, 'p'.repeat(20_000))
      })
    }
  })
})
