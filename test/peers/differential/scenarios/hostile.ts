import { crossed, type Scenario } from '../scenario.ts'
import type { Twins } from '../twins.ts'
import { person } from './people.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE']

interface World {
  readonly secret: string
  readonly container: string
  readonly order: string
}

const world = async (twins: Twins): Promise<World> => {
  const secret = await twins.make('POST /v1/secrets', {
    json: { name: 'target', payload: 'x', payload_content_type: 'text/plain' },
  })
  await twins.ask(`PUT ${secret}/metadata`, { json: { metadata: { k: 'v' } } })
  const container = await twins.make('POST /v1/containers', {
    json: {
      type: 'generic',
      name: 'target',
      secret_refs: [{ name: 'a', secret_ref: `${twins.base}${secret}` }],
    },
  })
  const order = await twins.make('POST /v1/orders', {
    json: { type: 'key', meta: { algorithm: 'aes', bit_length: 128 } },
  })
  return { secret, container, order }
}

const UNKNOWN = '11111111-2222-4333-8444-555555555555'

const pathsOf = ({ secret, container, order }: World): readonly string[] => [
  '/v1/secrets',
  secret,
  `${secret}/payload`,
  `${secret}/metadata`,
  `${secret}/metadata/k`,
  `${secret}/acl`,
  `${secret}/consumers`,
  `${secret}/consumers/${UNKNOWN}`,
  '/v1/containers',
  container,
  `${container}/acl`,
  `${container}/consumers`,
  `${container}/consumers/${UNKNOWN}`,
  `${container}/secrets`,
  '/v1/orders',
  order,
  '/v1/quotas',
  '/v1/project-quotas',
  '/v1/project-quotas/nobody',
  '/v1/secret-stores',
  '/v1/secret-stores/global-default',
  '/v1/secret-stores/preferred',
  `/v1/secret-stores/${UNKNOWN}`,
  `/v1/secret-stores/${UNKNOWN}/preferred`,
  '/v1/transport_keys',
  `/v1/transport_keys/${UNKNOWN}`,
]

/** Methods that are not there. Those that are belong to the other scenarios; a body makes none of these valid. */
export const methods: Scenario = {
  name: 'hostile: every method on every path',
  async run(twins) {
    twins.enter(this.name, person('methods', 'alice', 'admin', 'key-manager:service-admin'))
    // DELETE goes last, so that there is something to be refused on.
    for (const method of METHODS.filter((one) => one !== 'DELETE').concat('DELETE')) {
      const made = await world(twins)
      for (const path of pathsOf(made).toReversed()) await twins.ask(`${method} ${path}`)
    }
  },
}

/** Ids of every wrong form, and elements below what has none. */
export const ids: Scenario = {
  name: 'hostile: ids and paths',
  async run(twins) {
    twins.enter(this.name, person('ids', 'alice', 'admin', 'key-manager:service-admin'))
    const made = await world(twins)
    const bare = made.secret.slice(-36)
    const odd = (id: string): readonly string[] =>
      [
        id.toUpperCase(),
        id.replaceAll('-', ''),
        `${id}x`,
        ` ${id}`,
        id.slice(0, -1),
        UNKNOWN,
        UNKNOWN.replace('-4', '-1'),
        'x',
        '..',
        '0',
        'null',
        '%00',
        '%ff',
        `${id}%00`,
        `${id}%20`,
        'x'.repeat(300),
        `{${id}}`,
        `${id}.json`,
        `${id}.txt`,
        `${id};x`,
        'é',
        `${id}%2Fpayload`,
      ].map((one) => (one.includes('%') ? one : encodeURI(one)))
    for (const id of odd(bare))
      for (const below of ['', '/payload', '/metadata', '/acl', '/consumers'])
        await twins.ask(`GET /v1/secrets/${id}${below}`)
    for (const id of odd(made.container.slice(-36)))
      for (const below of ['', '/acl', '/consumers'])
        await twins.ask(`GET /v1/containers/${id}${below}`)
    for (const id of odd(made.order.slice(-36))) await twins.ask(`GET /v1/orders/${id}`)
    for (const id of odd(bare))
      await twins.ask(
        `DELETE /v1/secrets/${id}`,
        id.startsWith(bare) ? { by: person('elsewhere', 'eve', 'creator') } : {},
      )
    for (const id of odd(UNKNOWN)) {
      await twins.ask(`GET ${made.container}/consumers/${id}`)
      await twins.ask(`GET ${made.secret}/consumers/${id}`)
      await twins.ask(`GET /v1/transport_keys/${id}`)
    }
    for (const path of pathsOf(made)) {
      await twins.ask(`GET ${path}/x`)
      await twins.ask(`GET ${path}/`)
      await twins.ask(`GET ${path.replace('/v1/', '/v1//')}`)
    }
  },
}

const WRONG: readonly (readonly [string, string | Buffer])[] = [
  ['nothing', ''],
  ['a blank', ' '],
  ['half a document', '{"a":'],
  ['a document and more', '{} {}'],
  ['a string', '"x"'],
  ['a number', '5'],
  ['null', 'null'],
  ['true', 'true'],
  ['an array', '[]'],
  ['an array of an object', '[{}]'],
  ['an empty object', '{}'],
  ['single quotes', "{'a': 1}"],
  ['a trailing comma', '{"a": 1,}'],
  ['a comment', '{} // x'],
  ['a byte order mark', '\ufeff{}'],
  ['UTF-16', Buffer.from('{}', 'utf16le')],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ['a NUL', '{"a": "\u0000"}'],
  ['NaN', '{"a": NaN}'],
  ['Infinity', '{"a": Infinity}'],
  ['deep arrays', `${'['.repeat(500)}${']'.repeat(500)}`],
  ['a form', 'name=x'],
  ['XML', '<a/>'],
  ['24999 bytes', `{"x":"${'x'.repeat(24_991)}"}`],
  ['25001 bytes', `{"x":"${'x'.repeat(24_993)}"}`],
  ['25001 bytes, the last of them blank', `{"x":"${'x'.repeat(24_991)}"}  `],
  ['a lone surrogate', '{"name":"\\ud800"}'],
  ['a huge number', '{"bit_length":1e999}'],
  ['twice the same key', '{"name":"a","name":5}'],
  ['a prototype', '{"__proto__":{"name":"x"}}'],
]
const TYPES = [
  undefined,
  '',
  'text/plain',
  'application/JSON',
  'application/json;charset=utf-8',
  'application/json; x=y',
  'application/x-www-form-urlencoded',
  'text/json',
  'application/json, text/plain',
  'nonsense',
  'multipart/form-data',
]

/** Where JSON is wanted, everything else; and JSON under another name. */
export const bodies: Scenario = {
  name: 'hostile: bodies and their types',
  async run(twins) {
    twins.enter(this.name, person('bodies', 'alice', 'admin', 'key-manager:service-admin'))
    const { secret, container } = await world(twins)
    const lines = [
      'POST /v1/secrets',
      `PUT ${secret}/metadata`,
      `POST ${secret}/metadata`,
      `PUT ${secret}/metadata/k`,
      `PUT ${secret}/acl`,
      `PATCH ${secret}/acl`,
      `POST ${secret}/consumers`,
      `DELETE ${secret}/consumers`,
      'POST /v1/containers',
      `PUT ${container}/acl`,
      `PATCH ${container}/acl`,
      `POST ${container}/consumers`,
      `DELETE ${container}/consumers`,
      `POST ${container}/secrets`,
      `DELETE ${container}/secrets`,
      'POST /v1/orders',
      'PUT /v1/project-quotas/somebody',
      'POST /v1/transport_keys',
    ]
    for (const [line, [, body]] of crossed(lines, WRONG))
      await twins.ask(line, { body, headers: { 'Content-Type': 'application/json' } })
    for (const [line, type] of crossed(lines, TYPES))
      await twins.ask(line, {
        body: '{}',
        headers: type === undefined ? {} : { 'Content-Type': type },
      })
  },
}

const ACCEPTS = [
  'text/plain',
  'text/html',
  'application/xml',
  'application/octet-stream',
  '*/*',
  'application/json',
  'application/*',
  'text/plain, application/json;q=0.1',
  'application/json;q=0',
  'garbage',
  '',
]

/** JSON is what there is. */
export const accepts: Scenario = {
  name: 'hostile: Accept on every path',
  async run(twins) {
    twins.enter(this.name, person('accepts', 'alice', 'admin', 'key-manager:service-admin'))
    const made = await world(twins)
    for (const [path, accept] of crossed(
      pathsOf(made).filter((path) => path !== made.secret && !path.endsWith('/payload')),
      ACCEPTS,
    ))
      await twins.ask(`GET ${path}`, { headers: { Accept: accept } })
    const refs = { secret_ref: `${twins.base}${made.secret}` }
    for (const accept of ['text/plain', 'application/json', 'garbage']) {
      const headers = { Accept: accept }
      for (const [line, json] of [
        ['POST /v1/secrets', {}],
        [`PUT ${made.secret}/metadata`, { metadata: { k: 'v' } }],
        [`PUT ${made.secret}/metadata/k`, { key: 'k', value: 'v' }],
        [`PUT ${made.secret}/acl`, { read: {} }],
        [`DELETE ${made.secret}/acl`, undefined],
        ['POST /v1/containers', { type: 'generic' }],
        [`POST ${made.container}/secrets`, { name: accept, ...refs }],
        [`DELETE ${made.container}/secrets`, { name: accept, ...refs }],
        [`POST ${made.container}/consumers`, { name: 'n', URL: 'u' }],
        [`POST ${made.secret}/consumers`, { service: 's', resource_type: 't', resource_id: 'i' }],
        ['POST /v1/orders', { type: 'key', meta: { algorithm: 'aes', bit_length: 128 } }],
        ['PUT /v1/project-quotas/p', { project_quotas: { secrets: 5 } }],
        ['DELETE /v1/project-quotas/p', undefined],
        ['POST /v1/transport_keys', { plugin_name: 'p', transport_key: 'k' }],
      ] as const)
        await twins.ask(line, json === undefined ? { headers } : { json, headers })
    }
  },
}
