import { crossed, type Scenario } from '../scenario.ts'
import type { Twins } from '../twins.ts'
import { person } from './people.ts'
import { PAGINGS, walk } from './secretLists.ts'

const aes = { algorithm: 'aes', bit_length: 256, mode: 'cbc' }
const long = (length: number): string => 'x'.repeat(length)

const METAS: readonly unknown[] = [
  aes,
  { ...aes, name: 'named' },
  { ...aes, name: null },
  { ...aes, name: ' padded ' },
  { ...aes, name: long(255) },
  { ...aes, name: long(256) },
  { ...aes, name: 5 },
  {},
  null,
  [],
  'text',
  5,
  { algorithm: 'aes' },
  { bit_length: 256 },
  { ...aes, algorithm: '' },
  { ...aes, algorithm: null },
  { ...aes, algorithm: 5 },
  { ...aes, algorithm: 'foo' },
  { ...aes, algorithm: 'AES' },
  { ...aes, bit_length: 0 },
  { ...aes, bit_length: -8 },
  { ...aes, bit_length: 127 },
  { ...aes, bit_length: '256' },
  { ...aes, bit_length: null },
  { ...aes, bit_length: 256.0 },
  { ...aes, bit_length: 256.5 },
  { ...aes, bit_length: true },
  { ...aes, bit_length: 32_768 },
  { ...aes, bit_length: 32_760 },
  { ...aes, mode: null },
  { ...aes, mode: '' },
  { ...aes, mode: 'unknown' },
  { ...aes, mode: 5 },
  { algorithm: 'aes', bit_length: 256 },
  { ...aes, expiration: '2055-01-01' },
  { ...aes, expiration: '2055-01-01T01:02:03+05:30' },
  { ...aes, expiration: '1999-01-01' },
  { ...aes, expiration: '' },
  { ...aes, expiration: null },
  { ...aes, expiration: 'tomorrow' },
  { ...aes, payload: 'x' },
  { ...aes, payload: null },
  { ...aes, payload: '' },
  { ...aes, payload_content_type: 'application/octet-stream' },
  { ...aes, payload_content_type: 'text/plain' },
  { ...aes, payload_content_type: 'nonsense' },
  { ...aes, payload_content_type: 'application/pkcs8' },
  { ...aes, payload_content_type: 'TEXT/PLAIN; charset=utf-8' },
  { ...aes, payload_content_type: '' },
  { ...aes, payload_content_type: null },
  { ...aes, payload_content_encoding: 'base64' },
  { ...aes, payload_content_encoding: 'gzip' },
  { ...aes, secret_type: 'opaque' },
  { ...aes, secret_type: 'nonsense' },
  { ...aes, secret_type: null },
  { ...aes, creator_id: 'mallory' },
  { ...aes, project_id: 'elsewhere' },
  { ...aes, extra: [1, { a: ' b ' }] },
  { ...aes, request_type: 'x' },
  { ...aes, status: 'ERROR', transport_key_id: 'x' },
  { ...aes, transport_key_needed: 'true' },
]

const ALGORITHMS = [
  'aes',
  'AES',
  'des',
  '3des',
  'desede',
  'hmacsha1',
  'hmacsha256',
  'hmacsha384',
  'hmacsha512',
  'rsa',
  'dsa',
  'ec',
  'diffie_hellman',
  'foo',
]
const LENGTHS = [8, 56, 64, 128, 192, 256, 384, 512]

const ENDED = /"(ACTIVE|ERROR)"/

/** Reads an order, what it made, and that thing's bytes. */
const readOrder = async (twins: Twins, order: string): Promise<void> => {
  const { json } = await twins.ask(`GET ${order}`, { until: ENDED })
  const secret = json['secret_ref']
  if (typeof secret === 'string') {
    const path = secret.slice(twins.base.length)
    await twins.ask(`GET ${path}`)
    await twins.ask(`GET ${path}/payload`, { isRandomBody: true })
  }
  const container = json['container_ref']
  if (typeof container !== 'string') return
  const held = await twins.ask(`GET ${container.slice(twins.base.length)}`)
  for (const { secret_ref } of (held.json['secret_refs'] ?? []) as { secret_ref: string }[]) {
    const path = secret_ref.slice(twins.base.length)
    await twins.ask(`GET ${path}`)
    await twins.ask(`GET ${path}/payload`, { isRandomBody: true })
  }
}

export const keyOrders: Scenario = {
  name: 'orders: symmetric keys',
  async run(twins) {
    twins.enter(this.name, person('keyOrders', 'carol', 'creator'))
    for (const meta of METAS) {
      const { made } = await twins.ask('POST /v1/orders', { json: { type: 'key', meta } })
      if (made !== undefined) await readOrder(twins, made)
    }
    for (const type of ['Key', '', 'certificate', 'nonsense', null, 5, undefined, ' key '])
      await twins.ask('POST /v1/orders', { json: { type, meta: aes } })
    for (const json of [
      {},
      [],
      null,
      'x',
      { type: 'key' },
      { meta: aes },
      { type: 'key', meta: aes, more: 1 },
      { type: 'key', meta: aes, external_project_id: 'x' },
      { type: 'key', meta: aes, inst: 'x' },
    ])
      await twins.ask('POST /v1/orders', { json })
    for (const [algorithm, bit_length] of crossed(ALGORITHMS, LENGTHS)) {
      const { made } = await twins.ask('POST /v1/orders', {
        json: { type: 'key', meta: { algorithm, bit_length } },
      })
      if (made !== undefined) await twins.ask(`GET ${made}`)
    }
    for (const [algorithm, bit_length] of crossed(
      ['aes', 'hmacsha256', 'des'],
      [128, 192, 256, 384, 512, 768, 1024],
    )) {
      const { made } = await twins.ask('POST /v1/orders', {
        json: { type: 'key', meta: { algorithm, bit_length, mode: 'xts' } },
      })
      if (made !== undefined) await readOrder(twins, made)
    }
  },
}

export const orderLists: Scenario = {
  name: 'orders: lists, ends and odd ids',
  async run(twins) {
    twins.enter(this.name, person('orderLists', 'alice', 'admin'))
    await twins.ask('GET /v1/orders')
    const orders: string[] = []
    for (const name of ['one', 'two', 'three', 'four', 'keyname', 'é'])
      orders.push(
        await twins.make('POST /v1/orders', { json: { type: 'key', meta: { ...aes, name } } }),
      )
    for (const paging of PAGINGS) await twins.ask(`GET /v1/orders${paging}`)
    for (const filter of [
      'meta=one',
      'meta=aes',
      'meta=AES',
      'meta=',
      'meta=missing',
      'meta=%25',
      'meta=_',
      'meta=name',
      'meta=256',
      'meta=o%25e',
      'meta=%22',
      'status=ACTIVE',
      'type=key',
      'sort=created:desc',
      'name=one',
      'meta=aes&limit=2',
    ])
      await twins.ask(`GET /v1/orders?${filter}`)
    await walk(twins, '/v1/orders?limit=4')
    const [first = '', second = ''] = orders
    await twins.ask(`PUT ${first}`, { json: { type: 'key', meta: aes } })
    await twins.ask('PUT /v1/orders', { json: { type: 'key', meta: aes } })
    await twins.ask(`DELETE ${first}`)
    await twins.ask(`DELETE ${first}`)
    await twins.ask(`GET ${first}`)
    await twins.ask('GET /v1/orders')
    const { json } = await twins.ask(`GET ${second}`)
    const secret = String(json['secret_ref']).slice(twins.base.length)
    await twins.ask(`DELETE ${secret}`)
    await twins.ask(`GET ${second}`)
    for (const id of ['x', 'X'.repeat(300), '%00', '%20', 'a%2Fb', 'é'].map(encodeURI))
      await twins.ask(`GET /v1/orders/${id}`)
    await twins.ask(`GET ${second}`, { by: person('elsewhere', 'alice', 'admin') })
    await twins.ask(`DELETE ${second}`, { by: person('elsewhere', 'alice', 'admin') })
  },
}

const rsa = { algorithm: 'rsa', bit_length: 1024 }

export const asymmetricOrders: Scenario = {
  name: 'orders: key pairs',
  async run(twins) {
    twins.enter(this.name, person('keyPairs', 'carol', 'creator'))
    for (const meta of [
      rsa,
      { ...rsa, bit_length: 2048, name: 'pair' },
      { ...rsa, algorithm: 'RSA' },
      { ...rsa, passphrase: 'open sesame' },
      { ...rsa, passphrase: '' },
      { ...rsa, passphrase: null },
      { ...rsa, passphrase: 5 },
      { ...rsa, expiration: '2055-01-01' },
      { ...rsa, payload_content_type: 'application/octet-stream' },
      { ...rsa, payload_content_type: 'text/plain' },
      { algorithm: 'dsa', bit_length: 1024 },
      { algorithm: 'DSA', bit_length: 1024, name: 'dsa' },
      { ...rsa, bit_length: 512 },
      { ...rsa, bit_length: 1025 },
      { ...rsa, bit_length: 0 },
      { algorithm: 'rsa' },
      { bit_length: 1024 },
      { ...rsa, algorithm: 'ec' },
      { ...rsa, algorithm: 'aes', bit_length: 256 },
      { ...rsa, algorithm: 'foo' },
      { ...rsa, algorithm: 'diffie_hellman' },
      { ...rsa, payload: 'x' },
      { ...rsa, mode: 'cbc' },
      { ...rsa, secret_type: 'opaque' },
      { ...rsa, creator_id: 'mallory' },
      { ...rsa, extra: { a: 1 } },
    ]) {
      const { made } = await twins.ask('POST /v1/orders', { json: { type: 'asymmetric', meta } })
      if (made !== undefined) await readOrder(twins, made)
    }
    await twins.ask('GET /v1/orders?limit=5')
    await twins.ask('GET /v1/containers?limit=50')
    // The members of a pair are made in one moment, so no list can tell their order: the total does.
    await twins.ask('GET /v1/secrets?offset=1000')
    // What Barbican cannot make, in a project where nothing is counted.
    const by = person('keyPairsBeyond', 'carol', 'creator')
    const meta = { ...rsa, bit_length: 3072 }
    const { made } = await twins.ask('POST /v1/orders', { json: { type: 'asymmetric', meta }, by })
    if (made !== undefined) await twins.ask(`GET ${made}`, { by, until: ENDED })
  },
}
