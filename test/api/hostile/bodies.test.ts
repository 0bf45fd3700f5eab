import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { attack, type Case, request, target } from '../../support/hostileSuite.ts'

const deep = (levels: number, open: string, close: string, within = '') =>
  open.repeat(levels) + within + close.repeat(levels)
const entries = (count: number, of: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => of(index)).join(',')

/** Bodies; whatever field they attack, each is sent to every resource that takes JSON. */
const BODIES: readonly (readonly [string, string | Buffer])[] = [
  ['20 levels of arrays', `{"x":${deep(20, '[', ']')}}`],
  ['60 levels of arrays', `{"x":${deep(60, '[', ']')}}`],
  ['12000 levels of arrays', deep(12_000, '[', ']')],
  ['12000 open brackets', '['.repeat(12_000)],
  ['12000 closing brackets', ']'.repeat(12_000)],
  ['4000 levels of objects', `${'{"a":'.repeat(4_000)}1${'}'.repeat(4_000)}`],
  ['60 levels below metadata', `{"metadata":${deep(60, '{"a":', '}', '1')}}`],
  ['60 levels below meta', `{"type":"key","meta":${deep(60, '{"a":', '}', '1')}}`],
  ['a prototype', '{"__proto__":{"name":"x","isAdmin":true}}'],
  ['a prototype below', '{"metadata":{"__proto__":"x"},"meta":{"__proto__":{"algorithm":"aes"}}}'],
  ['a constructor', '{"constructor":{"prototype":{"name":"x"}},"toString":1,"valueOf":2}'],
  ['a toJSON', '{"name":{"toJSON":"x"},"key":{"toJSON":1},"value":{"toString":1}}'],
  ['a then', '{"then":"x","name":{"then":{"then":1}}}'],
  ['a length', '{"name":{"length":5},"payload":{"length":99999999}}'],
  ['every key twice', '{"name":"a","name":1,"key":"k","key":1,"value":"v","value":null}'],
  ['2000 equal keys', `{${entries(2_000, () => '"name":"n"')}}`],
  ['2000 unknown keys', `{${entries(2_000, (index) => `"k${index}":${index}`)}}`],
  ['2000 metadata', `{"metadata":{${entries(2_000, (index) => `"k${index}":""`)}}}`],
  ['an empty key', '{"":"x","metadata":{"":"x"},"meta":{"":"x"},"key":"","value":""}'],
  ['a key of 20000 letters', `{"${'k'.repeat(20_000)}":1,"metadata":{"k":"v"}}`],
  ['a metadata key of 20000 letters', `{"metadata":{"${'k'.repeat(20_000)}":"v"}}`],
  ['a huge number', '{"bit_length":1e999,"meta":{"bit_length":1e999,"algorithm":"aes"}}'],
  ['a tiny number', '{"bit_length":1e-999,"meta":{"bit_length":1e-999,"algorithm":"aes"}}'],
  ['20000 digits', `{"bit_length":${'9'.repeat(20_000)}}`],
  ['minus zero', '{"bit_length":-0,"meta":{"bit_length":-0,"algorithm":"aes"},"type":"key"}'],
  ['2^53 + 1', '{"bit_length":9007199254740993}'],
  ['numbers JSON does not have', '{"bit_length":0x10,"x":+1,"y":01,"z":.5}'],
  ['a lone high surrogate', '{"name":"\\ud800","key":"\\ud800","value":"v"}'],
  ['a lone low surrogate', '{"name":"\\udc00","metadata":{"k":"\\udc00"}}'],
  ['surrogates the wrong way round', '{"name":"\\udc00\\ud800","payload":"\\udc00\\ud800"}'],
  ['a lone surrogate in a key', '{"\\ud800":1,"metadata":{"\\ud800":"v"},"meta":{"\\ud800":1}}'],
  ['a broken unicode escape', '{"name":"\\u12"}'],
  ['an escape JSON does not have', '{"name":"\\x41\\0"}'],
  [
    'U+0000 everywhere',
    '{"name":"\\u0000","key":"\\u0000","value":"\\u0000","algorithm":"a\\u0000"}',
  ],
  ['a NUL byte', Buffer.from('{"name":"a\0b"}')],
  ['a newline in a string', '{"name":"a\nb"}'],
  ['a BOM', Buffer.from('\ufeff{"name":"n"}')],
  ['UTF-16', Buffer.from('\ufeff{"name":"n"}', 'utf16le')],
  ['UTF-32', Buffer.from('fffe00007b0000007d000000', 'hex')],
  ['UTF-7', '+AHsAIgBuACI-'],
  ['Latin-1', Buffer.from('{"name":"\xfcber"}', 'latin1')],
  ['a cut UTF-8 sequence', Buffer.from([0x7b, 0x22, 0xf0, 0x9f, 0x94])],
  ['a surrogate in UTF-8', Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d])],
  ['five bytes of UTF-8', Buffer.from([0x7b, 0x22, 0xf8, 0x88, 0x80, 0x80, 0x80, 0x22, 0x7d])],
  ['random bytes', Buffer.from(Array.from({ length: 2_000 }, (_, i) => (i * 193 + 7) % 256))],
  ['24000 NULs', Buffer.alloc(24_000)],
  ['24000 blanks', ' '.repeat(24_000)],
  ['24000 blanks in a string', `{"name":"${' '.repeat(24_000)}"}`],
  ['24000 odd blanks in a string', `{"name":"a${'\u2003'.repeat(8_000)}a"}`],
  ['two documents', '{}{}'],
  ['a document and junk', '{"name":"n"} trailing'],
  ['a comment', '{"name":"n"/* comment */}'],
  ['JSON5', "{name:'n',}"],
  ['YAML', 'name: n\npayload: !!python/object/apply:os.system ["id"]\n'],
  ['XML', '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'],
  ['a form', 'name=n&payload=p'],
  ['an array of objects', '[{"name":"n"}]'],
  ['a string', '"name"'],
  ['true', 'true'],
  ['null', 'null'],
  ['nothing but a quote', '"'],
  ['objects for strings', '{"name":{},"algorithm":{},"mode":{},"payload":{},"key":{},"value":{}}'],
  ['arrays for strings', '{"name":[],"algorithm":[],"mode":[],"payload":[],"key":[],"value":[]}'],
  [
    'numbers for strings',
    '{"name":1,"algorithm":1,"mode":1,"payload":1,"key":1,"value":1,"type":1}',
  ],
  ['booleans for strings', '{"name":true,"secret_type":false,"key":true,"value":false}'],
  [
    'nulls for all',
    '{"name":null,"payload":null,"key":null,"value":null,"metadata":null,"meta":null}',
  ],
  ['strings for objects', '{"meta":"x","metadata":"x"}'],
  ['arrays for objects', '{"type":"key","meta":[["algorithm","aes"]],"metadata":[["k","v"]]}'],
  ['special names for types', '{"secret_type":"constructor","type":"__proto__","meta":{}}'],
  [
    'special names for algorithms',
    '{"type":"key","meta":{"algorithm":"constructor","bit_length":8}}',
  ],
  ['a date of 200 digits', `{"expiration":"${'9'.repeat(200)}"}`],
  ['a date of the far future', '{"expiration":"9999-12-31T23:59:59.999999-23:59"}'],
  ['a date of year zero', '{"expiration":"0000-01-01"}'],
  [
    '60 levels below secret_refs',
    `{"type":"generic","secret_refs":${deep(60, '[', ']')},"secret_ref":${deep(60, '[', ']')}}`,
  ],
  ['a type of constructor', '{"type":"constructor","secret_refs":[{"name":"x","secret_ref":"/"}]}'],
  ['4000 empty members', `{"type":"generic","secret_refs":[${entries(4_000, () => '{}')}]}`],
  [
    '400 members of nothing',
    `{"type":"generic","secret_refs":[${entries(400, (index) => `{"name":"${index}","secret_ref":"http://localhost/x/${index}"}`)}]}`,
  ],
  [
    '20000 slashes',
    `{"type":"generic","secret_ref":"${'/'.repeat(20_000)}","name":"n","URL":"${'/'.repeat(255)}"}`,
  ],
  [
    'a reference of SQL',
    `{"type":"generic","secret_ref":"/' or 1=1 --","secret_refs":[{"secret_ref":"http://localhost/' or 1=1 --"}]}`,
  ],
  [
    'references of special names',
    '{"type":"rsa","secret_refs":[{"name":"__proto__","secret_ref":"http://localhost/__proto__"},{"name":"constructor","secret_ref":"http://localhost/constructor"}],"secret_ref":"/__proto__"}',
  ],
  [
    'a member with a prototype',
    '{"type":"generic","secret_refs":[{"__proto__":{"secret_ref":"/"}}]}',
  ],
  ['secret_refs with a length', '{"type":"generic","secret_refs":{"length":2,"0":{},"1":{}}}'],
  ['a consumer of U+0000', '{"name":"\\u0000","URL":"\\u0000"}'],
  ['a consumer of surrogates', '{"name":"\\ud800","URL":"\\udc00"}'],
  ['a consumer of 20000 letters', `{"name":"${'n'.repeat(10_000)}","URL":"${'u'.repeat(10_000)}"}`],
  ['a consumer of objects', '{"name":{"toString":1},"URL":{"length":1}}'],
  ['an ACL of operations that objects have', '{"constructor":{},"toString":{},"__proto__":{}}'],
  ['an ACL that is its own prototype', '{"read":{"__proto__":{"users":["x"]}}}'],
  ['an ACL of 5000 users', `{"read":{"users":[${entries(5_000, () => '""')}]}}`],
  [
    'an ACL of special users',
    '{"read":{"users":["__proto__","constructor","null","*","%","u\\u0000"]}}',
  ],
  ['an ACL of halves of characters', '{"read":{"users":["\\ud800","\\udc00"]}}'],
  ['an ACL with a user of 20000 letters', `{"read":{"users":["x","${'u'.repeat(20_000)}"]}}`],
  ['an ACL with holes', '{"read":{"users":["x",null,,"y"]}}'],
  ['an ACL with a length', '{"read":{"users":{"length":3,"0":"x"},"project-access":{}}}'],
  ['an ACL below 60 levels', `{"read":${deep(60, '{"read":', '}', '{}')}}`],
  ['a user of a secret of objects', '{"service":{},"resource_type":[],"resource_id":{"length":1}}'],
  [
    'a user of a secret of NULs',
    '{"service":"\\u0000","resource_type":"\\u0000","resource_id":"\\u0000"}',
  ],
  [
    'a user of a secret of 8000 letters each',
    `{${['service', 'resource_type', 'resource_id'].map((key) => `"${key}":"${'x'.repeat(8_000)}"`)}}`,
  ],
  [
    'a user of a secret of SQL',
    '{"service":"\\"); drop table secrets; --","resource_type":"?","resource_id":"\'"}',
  ],
  ['a date with blanks', '{"expiration":"2055 - 01 - 01"}'],
]

const TARGETS = [
  'POST /v1/secrets',
  'POST /v1/orders',
  'PUT /v1/secrets/{id}/metadata',
  'POST /v1/secrets/{id}/metadata',
  'PUT /v1/secrets/{id}/metadata/k',
  'POST /v1/containers',
  'POST /v1/containers/{container}/secrets',
  'DELETE /v1/containers/{container}/secrets',
  'POST /v1/containers/{container}/consumers',
  'DELETE /v1/containers/{container}/consumers',
  'PUT /v1/secrets/{id}/acl',
  'PATCH /v1/secrets/{id}/acl',
  'POST /v1/secrets/{id}/consumers',
  'DELETE /v1/secrets/{id}/consumers',
  'PUT /v1/containers/{container}/acl',
  'PUT /v1/project-quotas/somebody',
  'POST /v1/transport_keys',
] as const

describe('hostile bodies', () => {
  const at = target()

  describe('hostile JSON', () => {
    attack(
      at,
      TARGETS.flatMap((line) =>
        BODIES.map(
          ([what, body]): Case => ({
            name: `${line} with ${what}`,
            bytes: request(line, 'Content-Type: application/json\r\n', body),
            statuses: [200, 201, 202, 400, 404, 409, 413],
          }),
        ),
      ),
    )

    test('nothing of it changed what objects are', () => {
      assert.equal(Object.keys(Object.prototype).length, 0)
      assert.equal(({} as Record<string, unknown>)['isAdmin'], undefined)
    })

    test('the lists still work with what was stored meanwhile', async () => {
      const { owner } = at.get()
      assert.equal((await owner.get('/v1/secrets?limit=100')).status, 200)
      assert.equal((await owner.get('/v1/orders?limit=100')).status, 200)
      assert.equal((await owner.get('/v1/containers?limit=100')).status, 200)
      const { container } = at.get()
      assert.equal((await owner.get(`${container}/consumers?limit=100`)).status, 200)
    })
  })

  const BASE64: readonly (readonly [string, string | Buffer])[] = [
    ['of one character', 'A'],
    ['of two', 'AA'],
    ['of three', 'AAA'],
    ['of padding', '=='],
    ['of 19999 padding signs', '='.repeat(19_999)],
    ['with padding first', '=AAA'],
    ['with padding between', 'AA==AA=='],
    ['that is url-safe', '_-_-'],
    ['with blanks only', '    '],
    ['with newlines only', '\n\n\n\n'],
    ['with NULs', 'AA\0\0'],
    ['with bytes beyond ASCII', Buffer.from([0x41, 0x41, 0xc3, 0xa9])],
    ['with full stops', 'A.A.'],
    ['of a data URL', 'data:text/plain;base64,AAAA'],
    ['of hex', '0x4141'],
    ['with escapes', '%41%41%41%41'],
    ['of 20000 blanks and one group', `${' '.repeat(19_996)}AAAA`],
  ]

  /** What PUT makes of those that are base64 once the rest is skipped, as Barbican does. */
  const LEFT_OF_IT: Readonly<Record<string, string>> = {
    'that is url-safe': '',
    'with blanks only': '',
    'with newlines only': '',
    'of a data URL': 'datatext/plainbase64AAAA',
    'with escapes': '41414141',
    'of 20000 blanks and one group': 'AAAA',
  }

  describe('hostile base64', () => {
    test('POST refuses all that is none; PUT skips what is none, and keeps what the rest says', async () => {
      const { owner } = at.get()
      for (const [what, text] of BASE64) {
        const made = await owner.post('/v1/secrets', {})
        const path = new URL(String(made.json['secret_ref'])).pathname
        const put = await owner.put(path, text, {
          'content-type': 'application/octet-stream',
          'content-encoding': 'base64',
        })
        const post = await owner.post('/v1/secrets', {
          payload: text.toString('latin1'),
          payload_content_type: 'application/octet-stream',
          payload_content_encoding: 'base64',
        })
        const left = LEFT_OF_IT[what]
        assert.equal(put.status, left === undefined ? 400 : 204, what)
        assert.equal(post.status, what === 'of 20000 blanks and one group' ? 201 : 400, what)
        if (left === undefined) continue
        const kept = await owner.get(`${path}/payload`, { accept: 'application/octet-stream' })
        assert.deepEqual(kept.bytes, Buffer.from(left, 'base64'), what)
      }
    })
  })

  describe('sizes around every limit', () => {
    const json = 'Content-Type: application/json\r\n'
    const octets = 'Content-Type: application/octet-stream\r\n'
    const padded = (size: number) => `{"x":"${'x'.repeat(size - 8)}"}`
    const rows: Case[] = []
    for (const size of [24_999, 25_000, 25_001, 25_002, 32_768, 65_536, 200_000, 1_000_000]) {
      const statuses = [size <= 25_000 ? 201 : 413]
      rows.push({
        name: `a JSON body of ${size}`,
        bytes: request('POST /v1/secrets', json, padded(size)),
        statuses,
      })
    }
    for (const line of TARGETS.filter((target) => target.includes('containers'))) {
      for (const [size, statuses] of [
        [25_000, [400]],
        [25_001, [413]],
        [200_000, [413]],
      ] as const) {
        rows.push({
          name: `${line} of ${size}`,
          bytes: request(line, json, padded(size)),
          statuses,
        })
      }
    }
    for (const size of [20_001, 20_002, 25_000, 65_536, 1_000_000]) {
      rows.push({
        name: `a payload of ${size}`,
        bytes: request('PUT /v1/secrets/{id}', octets, Buffer.alloc(size, 1)),
        statuses: [413],
      })
    }
    for (const size of [1, 16_383, 16_384, 16_385, 19_999, 20_000]) {
      rows.push({
        name: `a payload of ${size} for a secret that has one`,
        bytes: request('PUT /v1/secrets/{id}', octets, Buffer.alloc(size, 1)),
        statuses: [409],
      })
    }
    for (const [field, limit] of [
      ['name', 255],
      ['algorithm', 255],
      ['mode', 255],
    ] as const) {
      for (const size of [limit - 1, limit, limit + 1, 20_000]) {
        rows.push({
          name: `${field} of ${size}`,
          bytes: request(
            'POST /v1/secrets',
            json,
            JSON.stringify({ [field]: 'é'.repeat(size) }).slice(0, 40_000),
          ),
          statuses: [size <= limit ? 201 : size === 20_000 ? 413 : 400],
        })
      }
    }
    attack(at, rows)
  })
})
