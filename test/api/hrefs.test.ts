import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, type DoorOptions, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'

const FALLBACK = 'http://127.0.0.1:9311'

const CONSUMER = { service: 's', resource_type: 't', resource_id: '2' }

type Headers = Readonly<Record<string, string>>

/** Every place where a ref appears, reduced to what stands before /v1. */
async function basesSeen(caller: Caller, headers: Headers): Promise<readonly string[]> {
  const asked = caller.with(headers)
  const made = await asked.post('/v1/secrets', { name: 'n' })
  const path = new URL(String(made.json['secret_ref'])).pathname.replace(/^.*(?=\/v1)/, '')
  const order = await asked.post('/v1/orders', {
    type: 'key',
    meta: { algorithm: 'aes', bit_length: 128 },
  })
  const texts = [
    made.text,
    made.headers['location'] ?? '',
    order.text,
    order.headers['location'] ?? '',
    (await asked.get(path)).text,
    (await asked.get('/v1/secrets?limit=1')).text,
    (await asked.get('/v1/secrets?limit=1&offset=1')).text,
    (await asked.get('/v1/orders?limit=1')).text,
    (await asked.put(`${path}/metadata`, { metadata: { a: 'b' } })).text,
    (await asked.post(`${path}/metadata`, { key: 'c', value: 'd' })).headers['location'] ?? '',
    (await asked.put(`${path}/acl`, { read: {} })).text,
    (await asked.patch(`${path}/acl`, { read: {} })).text,
    (await asked.post(`${path}/consumers`, { ...CONSUMER, resource_id: '1' })).text,
    (await asked.post(`${path}/consumers`, CONSUMER)).headers['location'] ?? '',
    (await asked.get(`${path}/consumers?limit=1`)).text,
    (await asked.get(`${path}/consumers?limit=1&offset=1`)).text,
    ...(await ofContainers(asked)),
    ...(await ofWhatOperatorsSee(asked)),
    (await asked.get('/v1')).text,
    (await asked.get('/')).text,
  ]
  const bases = texts.flatMap((text) =>
    [...text.matchAll(/https?:\/\/[^"\\ ]*?(?=\/v1\/)/g)].map(String),
  )
  assert.ok(bases.length >= texts.length, 'every text has a ref')
  return [...new Set(bases)]
}

async function ofContainers(asked: Caller): Promise<readonly string[]> {
  const made = await asked.post('/v1/containers', { type: 'generic' })
  const ref = String(made.json['container_ref'])
  const path = new URL(ref).pathname.replace(/^.*(?=\/v1)/, '')
  const secret = (await asked.post('/v1/secrets', {})).json
  const added = await asked.post(`${path}/secrets`, { secret_ref: secret['secret_ref'] })
  const consumed = await asked.post(`${path}/consumers`, { name: 'n', URL: '1' })
  await asked.post(`${path}/consumers`, { name: 'n', URL: '2' })
  return [
    ...[made.text, made.headers['location'] ?? '', added.text, added.headers['location'] ?? ''],
    ...[consumed.text, consumed.headers['location'] ?? ''],
    (await asked.get(path)).text,
    (await asked.get('/v1/containers?limit=1&offset=1')).text,
    (await asked.get(`${path}/consumers?limit=1`)).text,
    (await asked.put(`${path}/acl`, { read: {} })).text,
  ]
}

async function ofWhatOperatorsSee(asked: Caller): Promise<readonly string[]> {
  const key = await asked.post('/v1/transport_keys', { plugin_name: 'p', transport_key: 'k' })
  for (const project of ['a', 'b']) {
    await asked.put(`/v1/project-quotas/${project}`, { project_quotas: {} })
  }
  return [
    ...[key.text, key.headers['location'] ?? ''],
    (await asked.get('/v1/transport_keys')).text,
    (await asked.get('/v1/project-quotas?limit=1')).text,
    (await asked.get('/v1/secret-stores')).text,
    (await asked.get('/v1/secret-stores/global-default')).text,
  ]
}

function suite(name: string, options: DoorOptions, rows: readonly (readonly [Headers, string])[]) {
  describe(name, () => {
    let door: Door
    let caller: Caller
    before(async () => {
      door = await openDoor({ ...options, hasSeveralStores: true })
      caller = door.as({
        project: 'hrefs',
        user: 'u',
        roles: ['admin', 'key-manager:service-admin'],
      })
    })
    after(() => door.close())

    for (const [headers, base] of rows) {
      test(`${JSON.stringify(headers)} gives refs below ${base} (Q31)`, async () => {
        assert.deepEqual(await basesSeen(caller, headers), [base])
      })
    }
  })
}

const EVERY_PROXY_HEADER: Headers = {
  host: 'inside:1',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'outside',
  'x-forwarded-prefix': '/key-manager',
  forwarded: 'for=1.2.3.4;host=forwarded;proto=https',
}

suite('hrefs with host_href set', { hostHref: 'https://kms.example:9311/key-manager//' }, [
  [{}, 'https://kms.example:9311/key-manager'],
  [{ host: 'evil.example' }, 'https://kms.example:9311/key-manager'],
  [EVERY_PROXY_HEADER, 'https://kms.example:9311/key-manager'],
])

suite('hrefs with host_href blank', { hostHref: ' ' }, [
  [{ host: 'a.example' }, 'http://a.example'],
  [{ host: 'a.example:9311' }, 'http://a.example:9311'],
  [{ host: '[::1]:9311' }, 'http://[::1]:9311'],
  [{ host: 'a.example', 'x-forwarded-proto': 'https' }, 'https://a.example'],
  [{ host: 'a.example', 'x-forwarded-proto': 'HTTPS, http' }, 'https://a.example'],
  [{ host: 'a.example', 'x-forwarded-for': '1.2.3.4' }, 'http://a.example'],
  [EVERY_PROXY_HEADER, 'https://inside:1'],
  [{ host: 'a.example/evil' }, FALLBACK],
  [{ host: 'a"b' }, FALLBACK],
  [{ host: 'user@a.example' }, FALLBACK],
  [{ host: 'a.example', 'x-forwarded-proto': 'javascript' }, FALLBACK],
])

suite(
  'hrefs with host_href blank behind a trusted proxy',
  { hostHref: '', parseProxyHeaders: true },
  [
    [{ host: 'a.example' }, 'http://a.example'],
    [{ host: 'inside', 'x-forwarded-host': 'outside:8443' }, 'http://outside:8443'],
    [{ host: 'inside', 'x-forwarded-host': 'first, second' }, 'http://first'],
    [{ host: 'inside', 'x-forwarded-prefix': '/key-manager/' }, 'http://inside/key-manager'],
    [{ host: 'inside', forwarded: 'host=outside;proto=https' }, 'https://outside'],
    [{ host: 'inside', forwarded: 'for=1.2.3.4, host=second' }, 'http://inside'],
    [{ host: 'inside', forwarded: 'Host="outside:1";PROTO=https' }, 'https://outside:1'],
    [EVERY_PROXY_HEADER, 'https://forwarded/key-manager'],
    [{ host: 'inside', 'x-forwarded-prefix': '/a"b' }, 'http://inside'],
    [{ host: 'inside', 'x-forwarded-host': 'a b' }, FALLBACK],
    [{ host: 'inside', forwarded: ';;;==,,' }, 'http://inside'],
  ],
)
