import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { z } from 'zod'
import { aclBody, decodeAcl } from '../../src/http/decode/acl.ts'
import { decodeBoolean } from '../../src/http/decode/boolean.ts'
import { payloadContentType } from '../../src/http/decode/contentType.ts'
import { decoded } from '../../src/http/decode/decoded.ts'
import { foldedMetadata, metadataBody, metadatumBody } from '../../src/http/decode/metadata.ts'
import { decodeNewOrder, newOrderBody } from '../../src/http/decode/newOrder.ts'
import { decodeNewSecret, newSecretBody } from '../../src/http/decode/newSecret.ts'
import { decodePaging } from '../../src/http/decode/paging.ts'
import { decodePayloadUpload } from '../../src/http/decode/payloadUpload.ts'
import { parseQuery, unquotePlus } from '../../src/http/decode/query.ts'
import { decodeSecretConsumer, secretConsumerBody } from '../../src/http/decode/secretConsumer.ts'
import { decodeSecretQuery } from '../../src/http/decode/secretQuery.ts'
import { matchesEtag } from '../../src/http/etag.ts'
import { AnybodysProxyWords } from '../../src/http/forwarded.ts'
import { hrefBase } from '../../src/http/hrefs.ts'
import { parseJsonBody, requireJsonContentType } from '../../src/http/jsonBody.ts'
import { acceptsJson, parseMediaRanges } from '../../src/http/mediaRanges.ts'
import { parseMicroversion } from '../../src/http/microversion.ts'
import { Peers } from '../../src/http/peers.ts'
import { renderPayload, wantsPayload } from '../../src/http/render/payload.ts'
import { originForm } from '../../src/http/requestTarget.ts'
import type { ApiRequest } from '../../src/http/route.ts'
import { Fault } from '../../src/lib/fault.ts'
import { parseIsoTime } from '../../src/lib/isoTime.ts'
import { CONTENT_TYPES } from '../../src/model/contentTypes.ts'
import { anyBytes, holds, hostileJson, hostileText, objectWith } from './arbitraries.ts'

/** Runs it; a Fault that is the client's is fine, whatever else is thrown is a crash. */
function answerOrFault<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    assert.notEqual(error.kind, 'corrupted')
    assert.notEqual(error.kind, 'unavailable')
    return undefined
  }
}

describe('decoders meet anything at all', () => {
  test('a JSON body of random bytes is a value or a Fault', () => {
    holds(anyBytes, (it) => void answerOrFault(() => parseJsonBody(it)))
  })

  test('a JSON body of hostile JSON is that value, stripped, or a Fault', () => {
    holds(hostileJson, (value) => {
      const text = JSON.stringify(value)
      const parsed = answerOrFault(() => parseJsonBody(Buffer.from(text)))
      if (parsed === undefined) return
      assert.deepEqual(parseJsonBody(Buffer.from(JSON.stringify(parsed))), parsed)
    })
  })

  const schemas: readonly (readonly [
    string,
    z.ZodType,
    (value: never) => unknown,
    fc.Arbitrary<unknown>,
  ])[] = [
    [
      'newSecretBody',
      newSecretBody,
      (value) => decodeNewSecret(value, 20_000),
      objectWith(
        'name',
        'algorithm',
        'bit_length',
        'mode',
        'expiration',
        'secret_type',
        'payload',
        'payload_content_type',
        'payload_content_encoding',
        'transport_key_needed',
        'transport_key_id',
      ),
    ],
    ['newOrderBody', newOrderBody, decodeNewOrder, objectWith('type', 'meta')],
    [
      'newOrderBody below meta',
      newOrderBody,
      decodeNewOrder,
      objectWith(
        'name',
        'algorithm',
        'bit_length',
        'mode',
        'expiration',
        'payload_content_type',
      ).map((meta) => ({
        type: 'key',
        meta: { algorithm: 'aes', bit_length: 128, ...(meta as object) },
      })),
    ],
    ['aclBody', aclBody, decodeAcl, objectWith('read', 'users')],
    [
      'aclBody below read',
      aclBody,
      decodeAcl,
      objectWith('users', 'project-access').map((read) => ({ read })),
    ],
    [
      'secretConsumerBody',
      secretConsumerBody,
      decodeSecretConsumer,
      objectWith('service', 'resource_type', 'resource_id'),
    ],
    ['metadatumBody', metadatumBody, (value) => value, objectWith('key', 'value')],
    [
      'metadataBody',
      metadataBody,
      ({ metadata }: { metadata: Record<string, string> }) => foldedMetadata(metadata),
      fc.dictionary(hostileText, hostileText).map((metadata) => ({ metadata })),
    ],
  ]
  for (const [name, schema, decode, likely] of schemas) {
    test(`${name} makes something of it or gives a Fault that is a sentence`, () => {
      holds(fc.oneof(likely, likely, hostileJson), (value) => {
        try {
          decode(decoded(schema, value) as never)
        } catch (error) {
          assert.ok(error instanceof Fault, String(error))
          assert.match(error.message, /\S\.$/)
        }
      })
    })
  }

  test('an ACL names no user twice and none that is longer than a column', () => {
    const users = fc.array(fc.oneof(hostileText, fc.constantFrom('a', 'b')), { maxLength: 20 })
    holds(users, (given) => {
      const acl = answerOrFault(() => decodeAcl(decoded(aclBody, { read: { users: given } })))
      const isFine = given.every((user) => !user.includes('\0') && [...user].length <= 255)
      assert.equal(acl !== undefined, isFine)
      const found = acl?.read?.users
      if (found === undefined) return
      assert.equal(new Set(found).size, found.length)
      assert.deepEqual(new Set(found), new Set(given))
    })
  })

  test('an ACL body that says nothing of reading says it in both ways', () => {
    for (const body of [{}, { read: {} }]) {
      assert.deepEqual(decodeAcl(decoded(aclBody, body)), { read: undefined })
    }
  })

  test('query strings give parameters, never an error', () => {
    holds(fc.oneof(hostileText, fc.webQueryParameters()), (text) => {
      const query = parseQuery(text)
      for (const [key, value] of query) {
        assert.equal(typeof key, 'string')
        unquotePlus(value)
      }
    })
  })

  test('paging is always within its limits', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789+- .eE_x'), maxLength: 40 })
    holds(
      fc.tuple(fc.oneof(digits, hostileText), fc.oneof(digits, hostileText)),
      ([limit, offset]) => {
        const paging = decodePaging(
          new Map([
            ['limit', limit],
            ['offset', offset],
          ]),
          {
            defaultLimit: 10,
            maxLimit: 100,
          },
        )
        assert.ok(Number.isSafeInteger(paging.limit) && paging.limit >= 1 && paging.limit <= 100)
        assert.ok(Number.isSafeInteger(paging.offset) && paging.offset >= 0)
      },
    )
  })

  test('list filters are filters or a Fault', () => {
    const keys = [
      'name',
      'alg',
      'mode',
      'bits',
      'secret_type',
      'created',
      'updated',
      'sort',
      'marker',
    ]
    const dates = fc.string({
      unit: fc.constantFrom('gt:', 'lte:', ',', '2020-01-01', 'T', 'Z', ':'),
    })
    const values = fc.oneof(hostileText, dates)
    holds(fc.dictionary(fc.constantFrom(...keys, 'acl_only'), values), (query) => {
      answerOrFault(() => decodeSecretQuery(new Map(Object.entries(query))))
    })
  })

  test('headers are understood, overlooked or refused', () => {
    const headerish = fc.oneof(
      hostileText,
      fc.string({
        unit: fc.constantFrom(
          'text',
          '/',
          'plain',
          '*',
          ';',
          'q=',
          '0.5',
          ',',
          ' ',
          '"',
          'charset=',
          'utf-8',
        ),
      }),
      fc.string({ unit: fc.constantFrom('key-manager', ' ', '1', '.', '2', ',', 'latest', '\t') }),
    )
    holds(headerish, (text) => {
      for (const { quality } of parseMediaRanges(text)) assert.ok(quality >= 0 && quality <= 1)
      acceptsJson(text)
      wantsPayload(text)
      matchesEtag(text, '"1.0-2026"')
      answerOrFault(() => parseMicroversion(text))
      answerOrFault(() => requireJsonContentType(text))
      answerOrFault(() => decodeBoolean('force', text))
      answerOrFault(() => originForm(text))
      payloadContentType(text)
    })
  })

  test('whatever headers say, a base is an absolute http URL without a slash at its end', () => {
    const proxyWords = new AnybodysProxyWords({ parsesAll: true, peers: new Peers() })
    const options = { hostHref: '', proxyWords, fallback: 'http://127.0.0.1:9311' }
    const base = hrefBase(options)
    const names = [
      'host',
      'forwarded',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-forwarded-prefix',
    ]
    const hostish = fc.string({
      unit: fc.constantFrom(
        'a',
        '.',
        ':',
        '1',
        '[',
        ']',
        '/',
        'host=',
        'proto=',
        'https',
        ';',
        ',',
        '"',
        '@',
      ),
    })
    holds(fc.dictionary(fc.constantFrom(...names), fc.oneof(hostileText, hostish)), (headers) => {
      const made = base({ headers, socket: {} } as unknown as IncomingMessage)
      assert.match(made, /^https?:\/\/[\w.:[\]-]+(\/[\w./~-]*[^/])?$/)
    })
  })

  test('a payload upload of any type, encoding and bytes is bytes or a Fault', async () => {
    const type = fc.oneof(fc.constantFrom('text/plain', 'application/octet-stream'), hostileText)
    const encoding = fc.oneof(fc.constantFrom('base64', '', 'BASE64'), hostileText)
    await fc.assert(
      fc.asyncProperty(type, encoding, anyBytes, async (contentType, contentEncoding, body) => {
        const request = {
          query: new Map(),
          header: (name: string) => (name === 'content-type' ? contentType : contentEncoding),
          bytes: async () => body,
        } as unknown as ApiRequest
        try {
          const payload = await decodePayloadUpload(request, 300)
          assert.ok(payload.bytes.length > 0 || contentEncoding.toLowerCase() === 'base64')
        } catch (error) {
          assert.ok(error instanceof Fault, String(error))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a payload of any bytes can be given as octets, and as text exactly when it is UTF-8', () => {
    holds(
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.constantFrom(...CONTENT_TYPES)),
      ([raw, contentType]) => {
        const payload = () => ({ bytes: Buffer.from(raw), contentType })
        assert.deepEqual(renderPayload(payload(), undefined).payload, Buffer.from(raw))
        const asText = answerOrFault(() => renderPayload(payload(), 'text/plain'))
        const isText = Buffer.from(Buffer.from(raw).toString('utf8')).equals(Buffer.from(raw))
        assert.equal(asText !== undefined, isText)
      },
    )
  })

  test('a payload under any Accept is given whole or refused', () => {
    holds(fc.tuple(hostileText, anyBytes), ([accept, raw]) => {
      const payload = { bytes: Buffer.from(raw), contentType: 'application/octet-stream' } as const
      const answer = answerOrFault(() => renderPayload(payload, accept))
      if (answer?.payload !== undefined) assert.deepEqual(answer.payload, Buffer.from(raw))
    })
  })

  test('times are times or nothing', () => {
    const dateish = fc.string({ unit: fc.constantFrom(...'0123456789-:T Z+.W'), maxLength: 30 })
    holds(fc.oneof(hostileText, dateish), (text) => {
      const time = parseIsoTime(text)
      if (time !== undefined) assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)
    })
  })
})
