import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { DoorAnswer } from '../support/doorAnswer.ts'
import type { Caller } from '../support/doorCaller.ts'

const AES = { algorithm: 'aes', bit_length: 256 }

describe('/v1/orders of type key', () => {
  let door: Door
  let admin: Caller
  before(async () => {
    door = await openDoor()
    admin = door.as({ project: 'orders', user: 'u', roles: ['admin'] })
  })
  after(() => door.close())

  const place = (meta: unknown, caller = admin) => caller.post('/v1/orders/', { type: 'key', meta })
  const orderOf = async (placed: DoorAnswer, caller = admin) => {
    assert.equal(placed.status, 202, placed.text)
    const got = await caller.get(String(placed.json['order_ref']).slice(BASE.length))
    assert.equal(got.status, 200)
    return got.json
  }
  const secretPath = (order: Readonly<Record<string, unknown>>) =>
    String(order['secret_ref']).slice(BASE.length)

  test('castellan: POST is 202 with the ref, the first GET finds it ACTIVE with a secret (Q55, Q60)', async () => {
    const placed = await place(AES)
    assert.deepEqual(Object.keys(placed.json), ['order_ref'])
    assert.equal(placed.headers['location'], placed.json['order_ref'])
    const order = await orderOf(placed)
    assert.deepEqual(Object.keys(order), [
      'created',
      'updated',
      'status',
      'type',
      'meta',
      'sub_status',
      'sub_status_message',
      'creator_id',
      'secret_ref',
      'order_ref',
    ])
    assert.equal(order['status'], 'ACTIVE')
    assert.equal(order['type'], 'key')
    assert.equal(order['sub_status'], 'Unknown')
    assert.equal(order['sub_status_message'], 'Unknown')
    assert.equal(order['creator_id'], 'u')
    assert.deepEqual(order['meta'], { ...AES, name: null, expiration: null })
    assert.match(String(order['secret_ref']), new RegExp(`^${BASE}/v1/secrets/[0-9a-f-]{36}$`))
    const secret = (await admin.get(secretPath(order))).json
    assert.equal(secret['secret_type'], 'symmetric')
    assert.equal(secret['algorithm'], 'aes')
    assert.equal(secret['bit_length'], 256)
    assert.equal(secret['mode'], null)
    assert.equal(secret['name'], null)
    assert.deepEqual(secret['content_types'], { default: 'application/octet-stream' })
    assert.equal((await admin.get(`${secretPath(order)}/payload`)).bytes.length, 32)
  })

  const made: readonly (readonly [string, number, string?])[] = [
    ['aes', 64],
    ['aes', 128],
    ['aes', 192],
    ['AES', 256],
    ['aes', 384],
    ['aes', 512],
    ['aes', 256, 'cbc'],
    ['aes', 512, 'xts'],
    ['aes', 512, 'XTS'],
    ['aes', 512, 'cbc'],
    ['des', 64],
    ['hmacsha1', 128],
    ['HmacSha256', 256],
    ['hmacsha384', 192],
    ['hmacsha512', 64],
  ]
  for (const [algorithm, bits, mode] of made) {
    test(`${algorithm} ${bits} ${mode ?? 'without mode'} makes a key of that length`, async () => {
      const meta = { algorithm, bit_length: bits, ...(mode === undefined ? {} : { mode }) }
      const order = await orderOf(await place(meta))
      assert.equal(order['status'], 'ACTIVE', String(order['error_reason']))
      const { bytes } = await admin.get(`${secretPath(order)}/payload`)
      assert.equal(bytes.length, bits / 8)
      assert.ok(new Set(bytes).size > 2, 'it is random')
      const secret = (await admin.get(secretPath(order))).json
      assert.equal(secret['algorithm'], algorithm)
      assert.equal(secret['mode'], mode ?? null)
    })
  }

  const failing: readonly (readonly [string, number, string?])[] = [
    ['foo', 256],
    ['rsa', 2048],
    ['3des', 192],
    ['desede', 192],
    ['toString', 128],
    ['__proto__', 128],
    ['aes', 8],
    ['aes', 1024],
    ['des', 56],
    ['hmacsha256', 512],
    ['hmacsha1', 160],
    [`${'a'.repeat(99)}🔑${'b'.repeat(150)}`, 128],
  ]
  for (const [algorithm, bits] of failing) {
    test(`${algorithm.slice(0, 20)} ${bits} is 202, then an order in ERROR with the reason (Q60)`, async () => {
      const order = await orderOf(await place({ algorithm, bit_length: bits }))
      assert.equal(order['status'], 'ERROR')
      assert.equal(order['error_status_code'], '400')
      assert.match(String(order['error_reason']), /^Process TypeOrder issue seen - /)
      assert.ok(String(order['error_reason']).length <= 255)
      assert.ok(!String(order['error_reason']).includes('\ufffd'))
      for (const key of ['secret_ref', 'sub_status', 'sub_status_message'])
        assert.ok(!(key in order))
    })
  }

  test('nothing is left of a failed order but the order', async () => {
    const alone = door.as({ project: 'failing', user: 'u', roles: ['admin'] })
    await orderOf(await place({ algorithm: 'foo', bit_length: 128 }, alone), alone)
    assert.equal((await alone.get('/v1/secrets')).json['total'], 0)
  })

  test('an empty content type is none: the key is octet-stream', async () => {
    const order = await orderOf(await place({ ...AES, payload_content_type: '' }))
    const { json } = await admin.get(secretPath(order))
    assert.deepEqual(json['content_types'], { default: 'application/octet-stream' })
  })

  test('name, mode, expiration and content type go to the secret, the type of secret does not', async () => {
    const meta = {
      ...AES,
      name: ' volume key ',
      mode: 'xts',
      expiration: '2049-01-01T01:01:01+01:00',
      payload_content_type: 'application/octet-stream',
      secret_type: 'opaque',
    }
    const order = await orderOf(await place(meta))
    assert.deepEqual(order['meta'], {
      ...meta,
      name: 'volume key',
      expiration: '2049-01-01T00:01:01.000000',
    })
    const secret = (await admin.get(secretPath(order))).json
    assert.equal(secret['name'], 'volume key')
    assert.equal(secret['mode'], 'xts')
    assert.equal(secret['expiration'], '2049-01-01T00:01:01')
    assert.equal(secret['secret_type'], 'symmetric')
  })

  test('extra keys of meta come back, and none of them owns the secret (Q39)', async () => {
    const extra = {
      creator_id: 'someone else',
      project_id: 'elsewhere',
      list: [1, { deep: ' trimmed ' }],
      payload_content_encoding: 'base64',
    }
    const order = await orderOf(await place({ ...AES, ...extra }))
    assert.deepEqual(order['meta'], {
      ...AES,
      ...extra,
      list: [1, { deep: 'trimmed' }],
      name: null,
      expiration: null,
    })
    assert.equal(order['creator_id'], 'u')
    assert.equal((await admin.get(secretPath(order))).json['creator_id'], 'u')
  })

  test('a __proto__ in meta is refused', async () => {
    const body =
      '{"type":"key","meta":{"algorithm":"aes","bit_length":128,"x":[{"__proto__":{"a":1}}]}}'
    assert.equal((await admin.post('/v1/orders', body)).status, 400)
  })

  test('special keys and numbers in meta do no damage', async () => {
    for (const text of [
      '"constructor":1,"toString":2',
      '"1":1,"0":0,"b":1,"a":2',
      '"big":1e400,"small":-0,"long":12345678901234567890',
      '"":"","\\ud800":1',
      '"nul":"a\\u0000b"',
    ]) {
      const body = `{"type":"key","meta":{"algorithm":"aes","bit_length":128,${text}}}`
      const order = await orderOf(await admin.post('/v1/orders', body))
      assert.equal(order['status'], 'ACTIVE')
    }
    assert.deepEqual(door.alarms, [])
  })

  test('without a user there is no creator_id in the order', async () => {
    const nobody = door.as({ project: 'orders', roles: ['creator'] })
    const order = await orderOf(await place(AES, nobody), nobody)
    assert.ok(!('creator_id' in order))
  })

  const refused: readonly (readonly [unknown, string])[] = [
    [{ meta: AES }, 'type'],
    [{ type: 'Key', meta: AES }, 'type'],
    [{ type: 'certificate', meta: AES }, 'type'],
    [{ type: null, meta: AES }, 'type'],
    [{ type: ['key'], meta: AES }, 'type'],
    [{ type: 'key' }, 'meta'],
    [{ type: 'key', meta: null }, 'meta'],
    [{ type: 'key', meta: [] }, 'meta'],
    [{ type: 'key', meta: 'aes' }, 'meta'],
    [{ type: 'key', meta: {} }, 'meta.algorithm'],
    [{ type: 'key', meta: { bit_length: 256 } }, 'meta.algorithm'],
    [{ type: 'key', meta: { ...AES, algorithm: '' } }, 'meta.algorithm'],
    [{ type: 'key', meta: { ...AES, algorithm: '  ' } }, 'meta.algorithm'],
    [{ type: 'key', meta: { ...AES, algorithm: null } }, 'meta.algorithm'],
    [{ type: 'key', meta: { ...AES, algorithm: 'x'.repeat(256) } }, 'meta.algorithm'],
    [{ type: 'key', meta: { algorithm: 'aes' } }, 'meta.bit_length'],
    [{ type: 'key', meta: { ...AES, bit_length: 100 } }, 'meta.bit_length'],
    [{ type: 'key', meta: { ...AES, bit_length: 0 } }, 'meta.bit_length'],
    [{ type: 'key', meta: { ...AES, bit_length: -8 } }, 'meta.bit_length'],
    [{ type: 'key', meta: { ...AES, bit_length: '256' } }, 'meta.bit_length'],
    [{ type: 'key', meta: { ...AES, bit_length: null } }, 'meta.bit_length'],
    [{ type: 'key', meta: { ...AES, bit_length: 32_768 } }, 'meta.bit_length'],
    [{ type: 'key', meta: { ...AES, name: 1 } }, 'meta.name'],
    [{ type: 'key', meta: { ...AES, name: 'x'.repeat(256) } }, 'meta.name'],
    [{ type: 'key', meta: { ...AES, mode: null } }, 'meta.mode'],
    [{ type: 'key', meta: { ...AES, secret_type: 'nonsense' } }, 'meta.secret_type'],
    [{ type: 'key', meta: { ...AES, expiration: 'tomorrow' } }, 'meta.expiration'],
    [{ type: 'key', meta: { ...AES, expiration: '1999-01-01' } }, 'meta.expiration'],
    [{ type: 'key', meta: { ...AES, expiration: null } }, 'meta.expiration'],
    [{ type: 'key', meta: { ...AES, payload: 'x' } }, 'meta.payload'],
    [{ type: 'key', meta: { ...AES, payload: null } }, 'meta.payload'],
    [{ type: 'key', meta: { ...AES, payload_content_type: 'x/y' } }, 'meta.payload_content_type'],
    [
      { type: 'key', meta: { ...AES, payload_content_encoding: 'gzip' } },
      'meta.payload_content_encoding',
    ],
  ]
  for (const [body, property] of refused) {
    test(`${JSON.stringify(body).slice(0, 80)} is 400 and names ${property}`, async () => {
      const answer = await admin.post('/v1/orders', body)
      assert.equal(answer.status, 400)
      assert.ok(String(answer.json['description']).includes(`${property} `), answer.text)
    })
  }

  test('bit_length 256.0 and other top keys are fine', async () => {
    const body = '{"type":"key","x":1,"meta":{"algorithm":"aes","bit_length":256.0}}'
    assert.equal((await admin.post('/v1/orders', body)).status, 202)
  })

  test('PUT is 405 for who may, whatever it brings', async () => {
    for (const body of ['', '{', '{"type":"key"}']) {
      assert.equal((await admin.put('/v1/orders', body)).status, 405)
    }
  })

  test('DELETE takes the order and leaves the key; the other way round the ref stays', async () => {
    const placed = await place(AES)
    const order = await orderOf(placed)
    const path = String(placed.json['order_ref']).slice(BASE.length)
    assert.equal((await admin.delete(path, { accept: 'text/html' })).status, 204)
    assert.equal((await admin.get(path)).status, 404)
    assert.equal((await admin.delete(path)).status, 404)
    assert.equal((await admin.get(secretPath(order))).status, 200)
    const second = await place(AES)
    const kept = await orderOf(second)
    await admin.delete(secretPath(kept))
    assert.equal((await orderOf(second))['secret_ref'], kept['secret_ref'])
  })

  for (const id of ['x', '%00', 'a%2Fb', '%zz', '..%2F..', "'%20or%201=1--", 'x'.repeat(3000)]) {
    test(`an order id like ${id.slice(0, 12)} is simply not found`, async () => {
      assert.equal((await admin.get(`/v1/orders/${id}`)).status, 404)
      assert.equal((await admin.delete(`/v1/orders/${id}`)).status, 404)
    })
  }

  test('the list goes by creation, pages, keeps its filter, and finds text in meta', async () => {
    const lister = door.as({ project: 'listing', user: 'u', roles: ['admin'] })
    for (const name of ['one', 'two', 'three']) await place({ ...AES, name }, lister)
    await place({ algorithm: 'foo', bit_length: 8, name: '"quoted"' }, lister)
    const names = async (query: string) => {
      const { json } = await lister.get(`/v1/orders?${query}`)
      return (json['orders'] as { meta: { name: string } }[]).map(({ meta }) => meta.name)
    }
    assert.deepEqual(await names(''), ['one', 'two', 'three', '"quoted"'])
    assert.deepEqual(await names('limit=2&offset=1'), ['two', 'three'])
    assert.deepEqual(await names('meta=two'), ['two'])
    assert.deepEqual(await names('meta=aes'), ['one', 'two', 'three'])
    assert.deepEqual(await names('meta='), ['one', 'two', 'three', '"quoted"'])
    assert.deepEqual(await names('meta=%25'), [])
    assert.deepEqual(await names('meta=%5C%22quoted'), ['"quoted"'])
    assert.deepEqual(await names('name=two&status=ERROR'), ['one', 'two', 'three', '"quoted"'])
    const { json } = await lister.get('/v1/orders?meta=aes&limit=1&offset=1')
    assert.deepEqual(Object.keys(json), ['orders', 'previous', 'next', 'total'])
    assert.equal(json['previous'], `${BASE}/v1/orders?limit=1&offset=0&meta=aes`)
    assert.equal(json['next'], `${BASE}/v1/orders?limit=1&offset=2&meta=aes`)
    assert.equal(json['total'], 3)
    assert.deepEqual((await lister.get('/v1/orders?offset=9')).json, { orders: [], total: 4 })
  })

  test('a marker, href or id, is where a page begins; an unknown one ends the list; no id is 400', async () => {
    const lister = door.as({ project: 'marking', user: 'u', roles: ['admin'] })
    const names = ['one', 'two', 'three', 'four', 'five']
    for (const name of names) await place({ ...AES, name }, lister)
    const page = async (query: string) => {
      const { json } = await lister.get(`/v1/orders?${query}`)
      const orders = json['orders'] as { order_ref: string; meta: { name: string } }[]
      return {
        ...json,
        refs: orders.map((one) => one.order_ref),
        names: orders.map((one) => one.meta.name),
      }
    }
    const seen: string[] = []
    for (let marker = ''; ; ) {
      const next = await page(`limit=2${marker}`)
      if (next.names.length === 0) break
      seen.push(...next.names)
      marker = `&marker=${encodeURIComponent(next.refs.at(-1) ?? '')}`
    }
    assert.deepEqual(seen, names)
    const id = (await page('limit=3')).refs.at(-1)?.slice(-36)
    assert.deepEqual((await page(`marker=${id}`)).names, ['four', 'five'])
    const filtered = await lister.get(`/v1/orders?marker=${id}&meta=f&limit=1`)
    assert.equal(filtered.json['next'], `${BASE}/v1/orders?limit=1&offset=1&marker=${id}&meta=f`)
    const unknown = '2f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b'
    assert.deepEqual((await page(`marker=${unknown}`)).names, [])
    assert.deepEqual((await page('marker=')).names, names)
    assert.equal((await lister.get('/v1/orders?marker=nonsense')).status, 400)
    const powerless = door.as({ project: 'marking', user: 'v', roles: ['none'] })
    assert.equal((await powerless.get('/v1/orders?marker=nonsense')).status, 403)
  })
})
