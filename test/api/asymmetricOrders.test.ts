import assert from 'node:assert/strict'
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { IS_ON_SQLITE } from '../support/databaseUnderTest.ts'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import {
  ended,
  type Json,
  orderAt,
  orderPair,
  pathOf,
  payloadAt,
  placeOrder,
} from '../support/doorOrders.ts'

const RSA = { algorithm: 'rsa', bit_length: 1024 }
/** What stands on the disk, where it is a file that a test can read. */
const databaseFiles = ({ databasePath }: Door): readonly string[] =>
  IS_ON_SQLITE ? ['', '-wal'].map((end) => readFileSync(`${databasePath}${end}`, 'latin1')) : []
const PASSPHRASE = 'correct horse battery canary'

describe('/v1/orders of type asymmetric', () => {
  let door: Door
  let admin: Caller
  before(async () => {
    door = await openDoor()
    admin = door.as({ project: 'pairs', user: 'u', roles: ['admin'] })
  })
  after(() => door.close())

  /** The container, and what it holds by name. */
  const membersOf = async (order: Json) => {
    assert.equal(order['status'], 'ACTIVE', String(order['error_reason']))
    const got = await admin.get(pathOf(order['container_ref']))
    assert.equal(got.status, 200, got.text)
    const members = got.json['secret_refs'] as readonly { name: string; secret_ref: string }[]
    const refs: Readonly<Record<string, string>> = Object.fromEntries(
      members.map(({ name, secret_ref: ref }) => [name, ref]),
    )
    return { container: got.json, refs }
  }
  const keysOf = async (order: Json) => {
    const { refs } = await membersOf(order)
    const [one, other] = [
      await payloadAt(admin, refs['private_key']),
      await payloadAt(admin, refs['public_key']),
    ]
    return { privateKey: one.bytes, publicKey: other.bytes }
  }

  test('POST is 202 with the ref; the order is PENDING without result until it is ACTIVE', async () => {
    const idle = await openDoor({ hasNoWorker: true })
    try {
      const caller = idle.as({ project: 'p', user: 'u', roles: ['admin'] })
      const order = await orderAt(caller, await placeOrder(caller, 'asymmetric', RSA))
      assert.deepEqual(Object.keys(order), [
        'created',
        'updated',
        'status',
        'type',
        'meta',
        'creator_id',
        'order_ref',
      ])
      assert.equal(order['status'], 'PENDING')
      assert.equal(order['type'], 'asymmetric')
      assert.deepEqual(order['meta'], { ...RSA, name: null, expiration: null })
    } finally {
      await idle.close()
    }
    const made = await orderPair(admin, RSA)
    assert.deepEqual(Object.keys(made), [
      'created',
      'updated',
      'status',
      'type',
      'meta',
      'sub_status',
      'sub_status_message',
      'creator_id',
      'order_ref',
      'container_ref',
    ])
    assert.equal(made['sub_status'], 'Unknown')
    assert.equal(made['sub_status_message'], 'Unknown')
    assert.ok(String(made['updated']) > String(made['created']))
  })

  test('the pair is there when the POST is answered: who looks but once finds it', async () => {
    const order = await orderAt(admin, await placeOrder(admin, 'asymmetric', RSA))
    assert.equal(order['status'], 'ACTIVE')
    assert.match(String(order['container_ref']), /\/v1\/containers\//)
  })

  const pairs: readonly (readonly [string, number, 'pem' | 'der', string])[] = [
    ['rsa', 1024, 'pem', 'rsa'],
    ['RSA', 2048, 'pem', 'rsa'],
    ['rsa', 3072, 'pem', 'rsa'],
    ['rsa', 4096, 'pem', 'rsa'],
    ['dsa', 1024, 'der', 'generic'],
    ['Dsa', 2048, 'der', 'generic'],
    ['ec', 256, 'pem', 'generic'],
    ['EC', 384, 'pem', 'generic'],
    ['ec', 521, 'pem', 'generic'],
  ]
  for (const [algorithm, bits, form, containerType] of pairs) {
    test(`${algorithm} ${bits} makes a pair that matches, as ${form} in a ${containerType} container (Q67, Q68)`, async () => {
      const order = await orderPair(admin, { algorithm, bit_length: bits, name: 'a pair' })
      const { container, refs } = await membersOf(order)
      assert.equal(container['type'], containerType)
      assert.equal(container['name'], 'a pair')
      assert.equal(container['creator_id'], 'u')
      assert.deepEqual(Object.keys(refs), ['private_key', 'public_key'])
      const keys = await keysOf(order)
      const privateKey = privateIn(keys.privateKey, form)
      const publicKey = publicIn(keys.publicKey, form)
      assertMatch(privateKey, publicKey)
      assert.equal(privateKey.asymmetricKeyType, algorithm.toLowerCase())
      assertSize(publicKey, bits)
      for (const [name, secretType] of [
        ['private_key', 'private'],
        ['public_key', 'public'],
      ] as const) {
        const secret = (await admin.get(`/v1/secrets/${String(refs[name]).slice(-36)}`)).json
        assert.equal(secret['secret_type'], secretType)
        assert.equal(secret['algorithm'], algorithm)
        assert.equal(secret['bit_length'], bits)
        assert.equal(secret['name'], 'a pair')
        assert.equal(secret['mode'], null)
        assert.equal(secret['creator_id'], 'u')
        assert.deepEqual(secret['content_types'], { default: 'application/octet-stream' })
      }
    })
  }

  for (const spelling of ['passphrase', 'pass_phrase']) {
    for (const [algorithm, bits, form] of [
      ['rsa', 1024, 'pem'],
      ['dsa', 1024, 'der'],
      ['ec', 256, 'pem'],
    ] as const) {
      test(`${algorithm} with ${spelling} gives a private key that opens with it alone`, async () => {
        const meta = { algorithm, bit_length: bits, name: 'locked', [spelling]: PASSPHRASE }
        const order = await orderPair(admin, meta)
        const { refs } = await membersOf(order)
        assert.deepEqual(Object.keys(refs), ['private_key', 'public_key', 'private_key_passphrase'])
        const kept = await payloadAt(admin, refs['private_key_passphrase'])
        assert.equal(kept.text, PASSPHRASE)
        const secret = (
          await admin.get(`/v1/secrets/${String(refs['private_key_passphrase']).slice(-36)}`)
        ).json
        assert.equal(secret['secret_type'], 'passphrase')
        assert.equal(secret['name'], 'locked')
        assert.equal(secret['algorithm'], algorithm)
        const keys = await keysOf(order)
        if (form === 'pem')
          assert.match(String(keys.privateKey), /^-----BEGIN ENCRYPTED PRIVATE KEY/)
        assert.throws(() => privateIn(keys.privateKey, form))
        assert.throws(() => privateIn(keys.privateKey, form, 'another'))
        const privateKey = privateIn(keys.privateKey, form, PASSPHRASE)
        assertMatch(privateKey, publicIn(keys.publicKey, form))
      })
    }
  }

  test('RSA comes as PKCS#8 and SPKI PEM with the exponent 65537, each ending in a line feed', async () => {
    const { privateKey, publicKey } = await keysOf(await orderPair(admin, RSA))
    assert.match(
      String(privateKey),
      /^-----BEGIN PRIVATE KEY-----\n[\s\S]*\n-----END PRIVATE KEY-----\n$/,
    )
    assert.match(
      String(publicKey),
      /^-----BEGIN PUBLIC KEY-----\n[\s\S]*\n-----END PUBLIC KEY-----\n$/,
    )
    assert.equal(createPublicKey(publicKey).asymmetricKeyDetails?.publicExponent, 65_537n)
  })

  test('no two pairs are alike', async () => {
    const orders = await Promise.all(Array.from({ length: 4 }, () => orderPair(admin, RSA)))
    const keys = await Promise.all(orders.map(keysOf))
    assert.equal(new Set(keys.map(({ privateKey }) => String(privateKey))).size, 4)
  })

  test('both spellings with one passphrase are one passphrase', async () => {
    const order = await orderPair(admin, {
      ...RSA,
      passphrase: PASSPHRASE,
      pass_phrase: PASSPHRASE,
    })
    const { privateKey } = await keysOf(order)
    privateIn(privateKey, 'pem', PASSPHRASE)
  })

  for (const none of ['', '  ', null]) {
    test(`a passphrase ${JSON.stringify(none)} is none, as in the reference`, async () => {
      const order = await orderPair(admin, { ...RSA, passphrase: none, pass_phrase: none })
      const { refs } = await membersOf(order)
      assert.deepEqual(Object.keys(refs), ['private_key', 'public_key'])
      privateIn((await keysOf(order)).privateKey, 'pem')
    })
  }

  test('a passphrase in every script opens the key it encrypted', async () => {
    for (const passphrase of ['pässwörd', '密码🔑', 'a"b\\c\n\td', 'x'.repeat(1023)]) {
      const { privateKey } = await keysOf(await orderPair(admin, { ...RSA, passphrase }))
      privateIn(privateKey, 'pem', passphrase)
    }
  })

  test('expiration, mode and content type go to every secret of the pair', async () => {
    const meta = {
      ...RSA,
      passphrase: PASSPHRASE,
      expiration: '2049-01-01T01:01:01',
      payload_content_type: 'TEXT/plain;charset=utf-8',
      mode: 'cbc',
    }
    const { refs } = await membersOf(await orderPair(admin, meta))
    for (const ref of Object.values(refs)) {
      const secret = (await admin.get(`/v1/secrets/${ref.slice(-36)}`)).json
      assert.equal(secret['expiration'], '2049-01-01T01:01:01')
      assert.deepEqual(secret['content_types'], { default: 'text/plain' })
      assert.equal(secret['mode'], 'cbc')
    }
  })

  test('a pair whose expiration passes while its order waits is made all the same', async () => {
    const late = await openDoor({
      keyPairs: {
        make: async () => {
          late.clock.advanceSeconds(7200)
          return { privateKey: randomBytes(8), publicKey: randomBytes(8) }
        },
      },
    })
    try {
      late.clock.set('2026-03-01T00:00:00Z')
      const caller = late.as({ project: 'p', user: 'u', roles: ['admin'] })
      const order = await orderPair(caller, { ...RSA, expiration: '2026-03-01T01:00:00' })
      assert.equal(order['status'], 'ACTIVE')
    } finally {
      await late.close()
    }
  })

  test('meta.creator_id owns nothing (Q39)', async () => {
    const order = await orderPair(admin, { ...RSA, creator_id: 'mallory', project_id: 'theirs' })
    const { container, refs } = await membersOf(order)
    assert.equal(order['creator_id'], 'u')
    assert.equal(container['creator_id'], 'u')
    for (const ref of Object.values(refs)) {
      const secret = (await admin.get(`/v1/secrets/${ref.slice(-36)}`)).json
      assert.equal(secret['creator_id'], 'u')
    }
  })

  const failing: readonly (readonly [Json, RegExp])[] = [
    [{ algorithm: 'foo', bit_length: 2048 }, /foo/],
    [{ algorithm: 'aes', bit_length: 256 }, /aes/],
    [{ algorithm: 'diffie_hellman', bit_length: 2048 }, /diffie_hellman/],
    [{ algorithm: 'desede', bit_length: 192 }, /desede/],
    [{ algorithm: '__proto__', bit_length: 1024 }, /__proto__/],
    [{ algorithm: 'rsa', bit_length: 512 }, /1024, 2048, 3072, 4096 bits, not 512/],
    [{ algorithm: 'rsa', bit_length: 32_760 }, /not 32760/],
    [{ algorithm: 'dsa', bit_length: 512 }, /not 512/],
    [{ algorithm: 'ec', bit_length: 512 }, /256, 384, 521 bits, not 512/],
    [{ ...RSA, passphrase: 5 }, /passphrase is text/],
    [{ ...RSA, passphrase: [PASSPHRASE] }, /passphrase is text/],
    [{ ...RSA, pass_phrase: { deep: PASSPHRASE } }, /passphrase is text/],
    [{ ...RSA, passphrase: false }, /passphrase is text/],
    [{ ...RSA, passphrase: PASSPHRASE, pass_phrase: 'another' }, /differ/],
    [{ ...RSA, passphrase: 'é'.repeat(512) }, /at most 1023 bytes/],
  ]
  for (const [meta, reason] of failing) {
    test(`${JSON.stringify(meta).slice(0, 60)} is 202, and an order in ERROR that made nothing`, async () => {
      const alone = door.as({
        project: `failing-${randomBytes(4).toString('hex')}`,
        roles: ['admin'],
      })
      const order = await orderAt(alone, await placeOrder(alone, 'asymmetric', meta))
      assert.equal(order['status'], 'ERROR')
      assert.equal(order['error_status_code'], '400')
      assert.match(String(order['error_reason']), /^Process TypeOrder issue seen - /)
      assert.match(String(order['error_reason']), reason)
      assert.ok(!JSON.stringify(order).includes(PASSPHRASE))
      for (const key of ['container_ref', 'secret_ref', 'sub_status', 'sub_status_message']) {
        assert.ok(!(key in order), key)
      }
      assert.equal((await alone.get('/v1/secrets')).json['total'], 0)
    })
  }

  for (const [meta, property] of [
    [{ bit_length: 2048 }, 'meta.algorithm'],
    [{ algorithm: 'rsa' }, 'meta.bit_length'],
    [{ algorithm: 'rsa', bit_length: 2047 }, 'meta.bit_length'],
    [{ algorithm: 'rsa', bit_length: 521 }, 'meta.bit_length'],
    [{ algorithm: 'ec', bit_length: 520.5 }, 'meta.bit_length'],
    [{ ...RSA, payload: 'x' }, 'meta.payload'],
    [{ ...RSA, payload_content_type: 'x/y' }, 'meta.payload_content_type'],
    [{ ...RSA, expiration: '1999-01-01' }, 'meta.expiration'],
    [{ ...RSA, passphrase: '\ud800' }, 'surrogate'],
  ] as const) {
    test(`${JSON.stringify(meta).slice(0, 60)} is 400 and names ${property}`, async () => {
      const answer = await admin.post('/v1/orders', { type: 'asymmetric', meta })
      assert.equal(answer.status, 400)
      assert.ok(String(answer.json['description']).includes(property), answer.text)
    })
  }

  test('a deleted order leaves its pair, and is gone with its task when it was PENDING', async () => {
    const path = await placeOrder(admin, 'asymmetric', RSA)
    const { refs } = await membersOf(await ended(admin, path))
    assert.equal((await admin.delete(path)).status, 204)
    assert.equal((await admin.get(path)).status, 404)
    await payloadAt(admin, refs['private_key'])
    const idle = await openDoor({ hasNoWorker: true })
    try {
      const caller = idle.as({ project: 'p', user: 'u', roles: ['admin'] })
      const waiting = await placeOrder(caller, 'asymmetric', { ...RSA, passphrase: PASSPHRASE })
      assert.equal(idle.execute('select * from order_tasks').length, 1)
      assert.equal((await caller.delete(waiting)).status, 204)
      assert.deepEqual(idle.execute('select * from order_tasks'), [])
    } finally {
      await idle.close()
    }
  })

  test('an order deleted while its pair is in the making makes nothing', async () => {
    const making = Promise.withResolvers<void>()
    const mayEnd = Promise.withResolvers<void>()
    const slow = await openDoor({
      // The answer would wait for the pair, which waits for the answer.
      patienceMs: 0,
      keyPairs: {
        make: async () => {
          making.resolve()
          await mayEnd.promise
          return { privateKey: randomBytes(8), publicKey: randomBytes(8) }
        },
      },
    })
    try {
      const caller = slow.as({ project: 'p', user: 'u', roles: ['admin'] })
      const path = await placeOrder(caller, 'asymmetric', RSA)
      await making.promise
      assert.equal((await caller.delete(path)).status, 204)
      mayEnd.resolve()
      while (!slow.orderEvents.some(({ type }) => type === 'lost')) {
        await new Promise((resolve) => setImmediate(resolve))
      }
      assert.equal((await caller.get('/v1/secrets')).json['total'], 0)
      for (const table of ['containers', 'container_secrets', 'order_tasks', 'orders']) {
        assert.deepEqual(slow.execute(`select * from ${table}`), [], table)
      }
      assert.deepEqual(slow.alarms, [])
    } finally {
      await slow.close()
    }
  })

  test('a list finds an order by its meta, and never by its passphrase', async () => {
    const lister = door.as({ project: 'listing', user: 'u', roles: ['admin'] })
    await orderPair(lister, { ...RSA, name: 'findme', passphrase: PASSPHRASE })
    assert.equal((await lister.get('/v1/orders?meta=findme')).json['total'], 1)
    assert.equal((await lister.get('/v1/orders?meta=canary')).json['total'], 0)
  })

  test('a passphrase stands in no answer and in no row, neither while the order waits nor after (Q41)', async () => {
    const canary = `canary-${randomBytes(16).toString('hex')}`
    const idle = await openDoor({ hasNoWorker: true })
    try {
      const caller = idle.as({ project: 'p', user: 'u', roles: ['admin'] })
      const answers: string[] = []
      for (const [type, meta] of [
        ['asymmetric', { ...RSA, passphrase: canary }],
        ['asymmetric', { ...RSA, pass_phrase: canary }],
        ['asymmetric', { ...RSA, algorithm: 'foo', passphrase: canary }],
        ['asymmetric', { ...RSA, passphrase: { not: [canary] } }],
        ['key', { algorithm: 'aes', bit_length: 128, passphrase: canary, pass_phrase: canary }],
      ] as const) {
        const answer = await caller.post('/v1/orders', { type, meta })
        assert.equal(answer.status, 202)
        answers.push(answer.text, (await caller.get(placedAt(answer.json))).text)
      }
      answers.push((await caller.get('/v1/orders')).text)
      assert.equal(idle.execute('select * from order_tasks').length, 2)
      const places = [
        ...answers,
        JSON.stringify(idle.completed),
        JSON.stringify(idle.orderEvents),
        ...databaseFiles(idle),
      ]
      for (const place of places) assert.ok(!place.includes(canary))
      assert.match(answers.join(''), /"passphrase":"\*{8}"/)
      assert.match(answers.join(''), /"pass_phrase":"\*{8}"/)
    } finally {
      await idle.close()
    }
    const order = await orderPair(admin, { ...RSA, passphrase: canary })
    assert.ok(!JSON.stringify(order).includes(canary))
    assert.deepEqual(door.execute('select * from order_tasks'), [])
    for (const file of databaseFiles(door)) assert.ok(!file.includes(canary))
    assert.ok(!JSON.stringify([door.orderEvents, door.completed]).includes(canary))
  })

  test('none of this was an alarm or a failure', () => {
    assert.deepEqual(door.alarms, [])
    assert.deepEqual(door.failures, [])
  })
})

function placedAt(json: Json): string {
  return String(json['order_ref']).slice('https://kms.example'.length)
}

function privateIn(bytes: Buffer, form: 'pem' | 'der', passphrase?: string): KeyObject {
  const encryption = passphrase === undefined ? {} : { passphrase }
  return form === 'pem'
    ? createPrivateKey({ key: bytes, format: form, ...encryption })
    : createPrivateKey({ key: bytes, format: form, type: 'pkcs8', ...encryption })
}

function publicIn(bytes: Buffer, form: 'pem' | 'der'): KeyObject {
  return form === 'pem'
    ? createPublicKey({ key: bytes, format: form })
    : createPublicKey({ key: bytes, format: form, type: 'spki' })
}

function assertMatch(privateKey: KeyObject, publicKey: KeyObject): void {
  const message = randomBytes(64)
  const signature = sign('sha256', message, privateKey)
  assert.ok(verify('sha256', message, publicKey, signature), 'the halves of the pair match')
  assert.ok(!verify('sha256', randomBytes(64), publicKey, signature))
}

const CURVES: Readonly<Record<number, string>> = {
  256: 'prime256v1',
  384: 'secp384r1',
  521: 'secp521r1',
}

function assertSize({ asymmetricKeyDetails: details }: KeyObject, bits: number): void {
  if (details?.namedCurve === undefined) assert.equal(details?.modulusLength, bits)
  else assert.equal(details.namedCurve, CURVES[bits])
}
