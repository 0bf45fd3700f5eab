import assert from 'node:assert/strict'
import type { RuleName } from '../../src/policy/defaultRules.ts'
import type { Caller } from './doorCaller.ts'
import { secretOf, secretWithPayload } from './doorSecrets.ts'

/** Something to ask about, made through the door. */
export interface Made {
  /** What an ACL belongs to: /v1/secrets/{id}. Empty where the rule is about a collection. */
  readonly record: string
  /** The path to ask. */
  readonly path: string
  readonly body?: unknown
  /** To be done once the record has its ACL, which may be what lets this caller do it. */
  readonly finish?: (by: Caller) => Promise<void>
}

/** One way to make a request that asks a rule. */
export interface Probe {
  readonly rule: RuleName
  /** As in the route record, names of parameters left out. */
  readonly route: `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /v1/${string}`
  /** What one gets whom the rule lets in. */
  readonly allowed: readonly number[]
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Makes what is asked about. The owner may do everything in the project. */
  readonly make?: Maker
  /** A request that is let in uses up what it is about. */
  readonly spends?: true
}
export type Maker = (owner: Caller) => Promise<Made>

/** Who asks in the matrix. */
export const CALLER = 'caller'

const JSON_TYPE = { 'content-type': 'application/json' }
const TEXT_TYPE = { 'content-type': 'text/plain' }
const A_CONSUMER = { service: 'compute', resource_type: 'instance', resource_id: 'i-1' }
const A_CONTAINER_CONSUMER = { name: 'lb', URL: 'https://lb.example/1' }
const OPEN = { read: { 'project-access': true } }

async function made(owner: Caller, path: string, body: unknown, key: string): Promise<string> {
  const answer = await owner.post(path, body)
  assert.ok(answer.status < 300, answer.text)
  const ref = String(answer.json[key])
  return ref.slice(ref.indexOf('/v1/'))
}

const secret: Maker = async (owner) => {
  const { path } = await secretWithPayload(owner)
  return { record: path, path }
}
const below =
  (maker: Maker, suffix: string): Maker =>
  async (owner) => {
    const { record, path } = await maker(owner)
    return { record, path: `${path}${suffix}` }
  }
const emptySecret: Maker = async (owner) => {
  const { path } = await secretOf(owner)
  return { record: path, path }
}
const payload = below(secret, '/payload')
const secretAcl = below(secret, '/acl')
const metadata = below(secret, '/metadata')
const metadatum: Maker = async (owner) => {
  const { record, path } = await metadata(owner)
  assert.equal((await owner.put(path, { metadata: { k: 'v' } })).status, 201)
  return { record, path: `${path}/k` }
}

const container: Maker = async (owner) => {
  const path = await made(owner, '/v1/containers', { type: 'generic', name: 'c' }, 'container_ref')
  return { record: path, path }
}
const containerAcl = below(container, '/acl')
/** Something is known of it, though it cannot be read. */
const certificate: Maker = async (owner) => {
  const { path } = await secretWithPayload(owner, { secret_type: 'certificate' })
  return { record: path, path: `${path}/certificate` }
}
/** Everybody may read the container: its member is what the rule is about. */
const certificateMember: Maker = async (owner) => {
  const { path: record, ref } = await secretWithPayload(owner, { secret_type: 'certificate' })
  const body = { type: 'certificate', secret_refs: [{ name: 'certificate', secret_ref: ref }] }
  const path = await made(owner, '/v1/containers', body, 'container_ref')
  const acl = { read: { users: [CALLER], 'project-access': true } }
  assert.equal((await owner.put(`${path}/acl`, acl)).status, 200)
  return { record, path: `${path}/certificate` }
}
const certificateContainer: Maker = async (owner) => {
  const path = await made(owner, '/v1/containers', { type: 'certificate' }, 'container_ref')
  return { record: path, path: `${path}/certificate` }
}
const member: Maker = async (owner) => {
  const { record } = await container(owner)
  const body = { name: 'm', secret_ref: (await secretOf(owner)).ref }
  return { record, path: `${record}/secrets`, body }
}
const joinedMember: Maker = async (owner) => {
  const it = await member(owner)
  assert.equal((await owner.post(it.path, it.body)).status, 201)
  return it
}

const secretConsumers = below(secret, '/consumers')
const containerConsumers = below(container, '/consumers')
/** Only the project that registered a consumer, or that of its parent, may remove it. */
const registered =
  (maker: Maker, body: unknown): Maker =>
  async (owner) => {
    const it = await maker(owner)
    const finish = async (by: Caller): Promise<void> => {
      assert.equal((await by.post(it.path, body)).status, 200)
    }
    return { ...it, body, finish }
  }
/** Their ids are never shown: who is let in finds nothing. */
const NO_SUCH_CONSUMER = '/consumers/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa'

const order: Maker = async (owner) => {
  const body = { type: 'key', meta: { algorithm: 'aes', bit_length: 128 } }
  const path = await made(owner, '/v1/orders', body, 'order_ref')
  return { record: path, path }
}

const transportKey: Maker = async (owner) => {
  const body = { plugin_name: 'p', transport_key: 'k' }
  return { record: '', path: await made(owner, '/v1/transport_keys', body, 'transport_key_ref') }
}
const quotasOfProject: Maker = async (owner) => {
  const path = `/v1/project-quotas/${crypto.randomUUID()}`
  const body = { project_quotas: { cas: 1 } }
  assert.equal((await owner.put(path, body)).status, 204)
  return { record: '', path }
}
const secretStore: Maker = async (owner) => {
  const answer = await owner.get('/v1/secret-stores')
  assert.equal(answer.status, 200, 'the door of this test has to have several secret stores')
  const { secret_stores: stores } = answer.json as {
    secret_stores: { secret_store_ref: string }[]
  }
  const ref = stores[0]?.secret_store_ref ?? ''
  return { record: '', path: ref.slice(ref.indexOf('/v1/')) }
}
const preference: Maker = async (owner) => {
  const path = `${(await secretStore(owner)).path}/preferred`
  assert.equal((await owner.ask('POST', path)).status, 204)
  return { record: '', path }
}

const write = (body: unknown) => ({ body, headers: JSON_TYPE })
const S = '/v1/secrets/{}' as const
const C = '/v1/containers/{}' as const

/** Every operation of every rule. */
export const PROBES: readonly Probe[] = [
  { rule: 'secrets:post', route: 'POST /v1/secrets', allowed: [201], ...write({}) },
  { rule: 'secrets:get', route: 'GET /v1/secrets', allowed: [200] },
  { rule: 'secret:get', route: `GET ${S}`, allowed: [200], make: secret },
  { rule: 'secret:get', route: `GET ${S}/certificate`, allowed: [200], make: certificate },
  {
    ...{ rule: 'secret:decrypt', route: `GET ${S}`, allowed: [200], make: secret },
    headers: { accept: 'text/plain' },
  },
  { rule: 'secret:decrypt', route: `GET ${S}/payload`, allowed: [200], make: payload },
  {
    ...{ rule: 'secret:put', route: `PUT ${S}`, allowed: [204], make: emptySecret, spends: true },
    ...{ body: 'some payload', headers: TEXT_TYPE },
  },
  { rule: 'secret:delete', route: `DELETE ${S}`, allowed: [204], make: secret, spends: true },
  { rule: 'secret_meta:get', route: `GET ${S}/metadata`, allowed: [200], make: metadata },
  { rule: 'secret_meta:get', route: `GET ${S}/metadata/{}`, allowed: [200], make: metadatum },
  {
    ...{ rule: 'secret_meta:post', route: `POST ${S}/metadata`, allowed: [201], make: metadata },
    ...{ ...write({ key: 'k', value: 'v' }), spends: true },
  },
  {
    ...{ rule: 'secret_meta:put', route: `PUT ${S}/metadata`, allowed: [201], make: metadata },
    ...write({ metadata: { k: 'w' } }),
  },
  {
    ...{ rule: 'secret_meta:put', route: `PUT ${S}/metadata/{}`, allowed: [200], make: metadatum },
    ...write({ key: 'k', value: 'w' }),
  },
  {
    ...{ rule: 'secret_meta:delete', route: `DELETE ${S}/metadata/{}`, allowed: [204] },
    ...{ make: metadatum, spends: true },
  },
  { rule: 'secret_acls:get', route: `GET ${S}/acl`, allowed: [200], make: secretAcl },
  {
    ...{ rule: 'secret_acls:put_patch', route: `PUT ${S}/acl`, allowed: [200], make: secretAcl },
    ...{ ...write(OPEN), spends: true },
  },
  {
    ...{ rule: 'secret_acls:put_patch', route: `PATCH ${S}/acl`, allowed: [200], make: secretAcl },
    ...{ ...write(OPEN), spends: true },
  },
  {
    ...{ rule: 'secret_acls:delete', route: `DELETE ${S}/acl`, allowed: [200], make: secretAcl },
    spends: true,
  },
  {
    ...{ rule: 'secret_consumers:get', route: `GET ${S}/consumers`, allowed: [200] },
    make: secretConsumers,
  },
  {
    ...{ rule: 'secret_consumers:get', route: `GET ${S}/consumers/{}`, allowed: [404] },
    make: below(secret, NO_SUCH_CONSUMER),
  },
  {
    ...{ rule: 'secret_consumers:post', route: `POST ${S}/consumers`, allowed: [200] },
    ...{ ...write(A_CONSUMER), make: secretConsumers },
  },
  {
    ...{ rule: 'secret_consumers:delete', route: `DELETE ${S}/consumers`, allowed: [200] },
    ...{ headers: JSON_TYPE, make: registered(secretConsumers, A_CONSUMER), spends: true },
  },

  {
    ...{ rule: 'containers:post', route: 'POST /v1/containers', allowed: [201] },
    ...write({ type: 'generic' }),
  },
  { rule: 'containers:get', route: 'GET /v1/containers', allowed: [200] },
  { rule: 'container:get', route: `GET ${C}`, allowed: [200], make: container },
  {
    ...{ rule: 'secret:get', route: `GET ${C}/certificate`, allowed: [200] },
    make: certificateMember,
  },
  {
    ...{ rule: 'container:get', route: `GET ${C}/certificate`, allowed: [200] },
    make: certificateContainer,
  },
  {
    ...{ rule: 'container:delete', route: `DELETE ${C}`, allowed: [204], make: container },
    spends: true,
  },
  {
    ...{ rule: 'container_secret:post', route: `POST ${C}/secrets`, allowed: [201], make: member },
    ...{ headers: JSON_TYPE, spends: true },
  },
  {
    ...{ rule: 'container_secret:delete', route: `DELETE ${C}/secrets`, allowed: [204] },
    ...{ headers: JSON_TYPE, make: joinedMember, spends: true },
  },
  { rule: 'container_acls:get', route: `GET ${C}/acl`, allowed: [200], make: containerAcl },
  {
    ...{ rule: 'container_acls:put_patch', route: `PUT ${C}/acl`, allowed: [200] },
    ...{ ...write(OPEN), make: containerAcl, spends: true },
  },
  {
    ...{ rule: 'container_acls:put_patch', route: `PATCH ${C}/acl`, allowed: [200] },
    ...{ ...write(OPEN), make: containerAcl, spends: true },
  },
  {
    ...{ rule: 'container_acls:delete', route: `DELETE ${C}/acl`, allowed: [200] },
    ...{ make: containerAcl, spends: true },
  },
  {
    ...{ rule: 'container_consumers:get', route: `GET ${C}/consumers`, allowed: [200] },
    make: containerConsumers,
  },
  {
    ...{ rule: 'container_consumers:post', route: `POST ${C}/consumers`, allowed: [200] },
    ...{ ...write(A_CONTAINER_CONSUMER), make: containerConsumers },
  },
  {
    ...{ rule: 'container_consumers:delete', route: `DELETE ${C}/consumers`, allowed: [200] },
    ...{ headers: JSON_TYPE, make: registered(containerConsumers, A_CONTAINER_CONSUMER) },
    spends: true,
  },
  {
    ...{ rule: 'consumer:get', route: `GET ${C}/consumers/{}`, allowed: [404] },
    make: below(container, NO_SUCH_CONSUMER),
  },

  {
    ...{ rule: 'orders:post', route: 'POST /v1/orders', allowed: [202] },
    ...write({ type: 'key', meta: { algorithm: 'aes', bit_length: 128 } }),
  },
  { rule: 'orders:get', route: 'GET /v1/orders', allowed: [200] },
  { rule: 'orders:put', route: 'PUT /v1/orders', allowed: [405], ...write({}) },
  { rule: 'order:get', route: 'GET /v1/orders/{}', allowed: [200], make: order },
  {
    ...{ rule: 'order:delete', route: 'DELETE /v1/orders/{}', allowed: [204], make: order },
    spends: true,
  },

  { rule: 'quotas:get', route: 'GET /v1/quotas', allowed: [200] },
  { rule: 'project_quotas:get', route: 'GET /v1/project-quotas', allowed: [200] },
  {
    ...{ rule: 'project_quotas:get', route: 'GET /v1/project-quotas/{}', allowed: [200] },
    make: quotasOfProject,
  },
  {
    ...{ rule: 'project_quotas:put', route: 'PUT /v1/project-quotas/{}', allowed: [204] },
    ...{ ...write({ project_quotas: { cas: 2 } }), make: quotasOfProject },
  },
  {
    ...{ rule: 'project_quotas:delete', route: 'DELETE /v1/project-quotas/{}', allowed: [204] },
    ...{ make: quotasOfProject, spends: true },
  },
  { rule: 'secretstores:get', route: 'GET /v1/secret-stores', allowed: [200] },
  {
    ...{ rule: 'secretstores:get_global_default', route: 'GET /v1/secret-stores/global-default' },
    allowed: [200],
  },
  {
    ...{ rule: 'secretstores:get_preferred', route: 'GET /v1/secret-stores/preferred' },
    // Unset is not found, for one whom the rule let in.
    allowed: [200, 404],
  },
  { rule: 'secretstore:get', route: 'GET /v1/secret-stores/{}', allowed: [200], make: secretStore },
  {
    ...{ rule: 'secretstore_preferred:post', route: 'POST /v1/secret-stores/{}/preferred' },
    ...{ allowed: [204], make: below(secretStore, '/preferred') },
  },
  {
    ...{ rule: 'secretstore_preferred:delete', route: 'DELETE /v1/secret-stores/{}/preferred' },
    ...{ allowed: [204], make: preference, spends: true },
  },
  { rule: 'transport_keys:get', route: 'GET /v1/transport_keys', allowed: [200] },
  {
    ...{ rule: 'transport_keys:post', route: 'POST /v1/transport_keys', allowed: [201] },
    ...write({ plugin_name: 'p', transport_key: 'k' }),
  },
  {
    ...{ rule: 'transport_key:get', route: 'GET /v1/transport_keys/{}', allowed: [200] },
    make: transportKey,
  },
  {
    ...{ rule: 'transport_key:delete', route: 'DELETE /v1/transport_keys/{}', allowed: [204] },
    ...{ make: transportKey, spends: true },
  },
]
