import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { containerOf, member, membersOf } from '../support/doorContainers.ts'
import { type MadeSecret, putAcl, secretOf } from '../support/doorSecrets.ts'

const UNKNOWN = '2f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b'
const RSA = ['public_key', 'private_key', 'private_key_passphrase']
const CERTIFICATE = ['certificate', 'private_key', 'private_key_passphrase', 'intermediates']

describe('POST /v1/containers', () => {
  let door: Door
  let admin: Caller
  let secrets: readonly MadeSecret[]
  before(async () => {
    door = await openDoor()
    admin = door.as({ project: 'containers', user: 'u', roles: ['admin'] })
    secrets = await Promise.all(Array.from({ length: 5 }, () => secretOf(admin)))
  })
  after(() => door.close())

  const secret = (index: number): MadeSecret => secrets[index] ?? assert.fail('no such secret')
  const named = (names: readonly (string | null | undefined)[]) =>
    names.map((name, index) => member(secret(index), name))
  const post = (body: Readonly<Record<string, unknown>>, caller = admin) =>
    caller.post('/v1/containers', { type: 'generic', ...body })
  const count = async () => (await admin.get('/v1/containers')).json['total']

  test('201 with the ref, which Location repeats; GET shows all of it, keys in their order', async () => {
    door.clock.set('2026-03-04T05:06:07Z')
    const body = { name: 'tls', type: 'certificate', secret_refs: named(CERTIFICATE) }
    const answer = await post(body)
    assert.equal(answer.status, 201)
    assert.deepEqual(Object.keys(answer.json), ['container_ref'])
    const ref = String(answer.json['container_ref'])
    assert.match(ref, new RegExp(`^${BASE}/v1/containers/[0-9a-f-]{36}$`))
    assert.equal(answer.headers['location'], ref)
    const got = await admin.get(ref.slice(BASE.length))
    assert.equal(got.headers['content-type'], 'application/json')
    assert.deepEqual(got.json, {
      created: '2026-03-04T05:06:07',
      updated: '2026-03-04T05:06:07',
      status: 'ACTIVE',
      name: 'tls',
      type: 'certificate',
      creator_id: 'u',
      secret_refs: body.secret_refs,
      consumers: [],
      container_ref: ref,
    })
    const keys = 'created updated status name type creator_id secret_refs consumers container_ref'
    assert.deepEqual(Object.keys(got.json).join(' '), keys)
    const [first] = got.json['secret_refs'] as readonly object[]
    assert.deepEqual(Object.keys(first ?? {}), ['name', 'secret_ref'])
  })

  test('consumers are shown at every microversion', async () => {
    const { path } = await containerOf(admin)
    for (const version of ['1.0', '1.1', '1.2', 'latest']) {
      const headers = { 'openstack-api-version': `key-manager ${version}` }
      assert.deepEqual((await admin.get(path, headers)).json['consumers'], [])
    }
  })

  test('a creator without user id is null, and so is an absent name', async () => {
    const nameless = door.as({ project: 'containers', roles: ['admin'] })
    const { path } = await containerOf(nameless)
    const { json } = await admin.get(path)
    assert.equal(json['creator_id'], null)
    assert.equal(json['name'], null)
  })

  for (const type of ['generic', 'rsa', 'certificate']) {
    test(`an empty ${type} container is accepted, with and without secret_refs (Q16)`, async () => {
      for (const body of [{ type }, { type, secret_refs: [] }]) {
        const { path } = await containerOf(admin, body)
        assert.deepEqual((await admin.get(path)).json['secret_refs'], [])
      }
    })
  }

  for (const type of ['dsa', 'GENERIC', 'Rsa', 'unknown', '', '__proto__', 'constructor']) {
    test(`type ${JSON.stringify(type)} cannot be posted`, async () => {
      assert.equal((await post({ type })).status, 400)
    })
  }

  for (const [what, body] of [
    ['no type', { type: undefined }],
    ['a type of null', { type: null }],
    ['a type of a number', { type: 1 }],
    ['a name of a number', { name: 1 }],
    ['a name of an object', { name: {} }],
    ['a name of 256', { name: 'é'.repeat(256) }],
    ['a name with U+0000', { name: 'a\0' }],
    ['secret_refs of null', { secret_refs: null }],
    ['secret_refs of an object', { secret_refs: {} }],
    ['secret_refs of a string', { secret_refs: 'x' }],
    ['a member that is a string', { secret_refs: [`${BASE}/v1/secrets/${UNKNOWN}`] }],
    ['a member that is null', { secret_refs: [null] }],
    ['a member that is an array', { secret_refs: [[]] }],
    ['a member without secret_ref', { secret_refs: [{ name: 'x' }] }],
    ['a secret_ref of null', { secret_refs: [{ secret_ref: null }] }],
    ['a secret_ref of a number', { secret_refs: [{ secret_ref: 1 }] }],
    ['an empty secret_ref', { secret_refs: [{ secret_ref: '' }] }],
    ['a blank secret_ref', { secret_refs: [{ secret_ref: '  ' }] }],
  ] as const) {
    test(`${what} is 400`, async () => {
      const before = await count()
      assert.equal((await post(body)).status, 400)
      assert.equal(await count(), before)
    })
  }

  test('a member name of a number, of 256 characters or with U+0000 is 400', async () => {
    for (const name of [1, {}, [], true, 'n'.repeat(256), 'a\0']) {
      assert.equal((await post({ secret_refs: [{ ...member(secret(0)), name }] })).status, 400)
    }
  })

  test('names of 255 characters, beyond the first plane too, are kept', async () => {
    const name = '\u{1f511}'.repeat(255)
    const made = await containerOf(admin, { name, secret_refs: [member(secret(0), name)] })
    assert.equal((await admin.get(made.path)).json['name'], name)
    assert.equal((await membersOf(admin, made))[0]?.name, name)
  })

  test('strings are trimmed before they are judged; unknown keys are ignored', async () => {
    const made = await containerOf(admin, {
      type: ' generic\n',
      name: ' n ',
      secret_refs: [{ name: ' m ', secret_ref: `  ${secret(0).ref} `, extra: 1 }],
      status: 'ERROR',
      creator_id: 'thief',
      project_id: 'other',
      consumers: [{ name: 'x', URL: 'y' }],
    })
    const { json } = await admin.get(made.path)
    assert.equal(json['name'], 'n')
    assert.equal(json['status'], 'ACTIVE')
    assert.equal(json['creator_id'], 'u')
    assert.deepEqual(json['consumers'], [])
    assert.deepEqual(json['secret_refs'], [{ name: 'm', secret_ref: secret(0).ref }])
  })

  describe('names of members', () => {
    for (const [what, names, status] of [
      ['differ', ['a', 'b'], 201],
      ['differ by case alone', ['a', 'A'], 201],
      ['are equal', ['a', 'a'], 400],
      ['are equal once trimmed', ['a', ' a'], 400],
      ['are absent once', [undefined, 'a'], 201],
      ['are absent twice', [undefined, undefined], 400],
      ['are null twice', [null, null], 400],
      ['are empty twice', ['', ''], 400],
      ['are absent and empty', [undefined, ''], 400],
      ['are absent and null', [undefined, null], 201],
      ['are empty and null', ['', null], 201],
    ] as const) {
      test(`${what}: ${status}`, async () => {
        assert.equal((await post({ secret_refs: named(names) })).status, status)
      })
    }

    test('an absent name is shown as null, an empty one as empty', async () => {
      const made = await containerOf(admin, { secret_refs: named([undefined, 'a']) })
      assert.deepEqual(
        (await membersOf(admin, made)).map(({ name }) => name),
        [null, 'a'],
      )
      const empty = await containerOf(admin, { secret_refs: named(['']) })
      assert.equal((await membersOf(admin, empty))[0]?.name, '')
    })

    for (const [type, names, status] of [
      ['rsa', RSA, 201],
      ['rsa', ['private_key', 'public_key'], 201],
      ['rsa', ['private_key'], 400],
      ['rsa', ['public_key', 'private_key_passphrase'], 400],
      ['rsa', ['public_key', 'private_key', 'certificate'], 400],
      ['rsa', ['public_key', 'private_key', undefined], 400],
      ['rsa', ['public_key', 'private_key', null], 400],
      ['rsa', ['Public_key', 'private_key'], 400],
      ['rsa', ['a', 'b'], 400],
      ['certificate', CERTIFICATE, 201],
      ['certificate', ['certificate'], 201],
      ['certificate', ['certificate', 'intermediates'], 201],
      ['certificate', ['private_key'], 400],
      ['certificate', ['certificate', 'public_key'], 400],
      ['certificate', ['certificate', ''], 400],
      ['certificate', ['CERTIFICATE'], 400],
      ['generic', ['certificate', 'public_key', 'anything at all'], 201],
    ] as const) {
      test(`${type} of ${names.map(String).join(', ')}: ${status}`, async () => {
        const answer = await post({ type, secret_refs: named(names) })
        assert.equal(answer.status, status, answer.text)
      })
    }

    test('what the secrets are is never looked at', async () => {
      const passphrase = await secretOf(admin, { secret_type: 'passphrase' })
      const refs = [member(passphrase, 'certificate'), member(secret(0), 'private_key')]
      assert.equal((await post({ type: 'certificate', secret_refs: refs })).status, 201)
    })
  })

  describe('references', () => {
    const refs = (...given: readonly string[]) =>
      given.map((secret_ref, index) => ({ name: `n${index}`, secret_ref }))

    test('the same secret twice is 400, under other names and spellings too', async () => {
      const { ref, id } = secret(0)
      for (const other of [ref, `${ref}/`, `${ref}//`, `${BASE}/else/${id}`]) {
        assert.equal((await post({ secret_refs: refs(ref, other) })).status, 400, other)
      }
    })

    for (const [what, make] of [
      ['a bare id', (id: string) => id],
      ['a path', (id: string) => `/v1/secrets/${id}`],
      ['another host', (id: string) => `https://other.example/v1/secrets/${id}`],
      ['another scheme', (id: string) => `http://kms.example/v1/secrets/${id}`],
      ['another port', (id: string) => `${BASE}:9311/v1/secrets/${id}`],
      ['a host that begins like ours (Q37)', (id: string) => `${BASE}evil/${id}`],
      ['ours as its user', (id: string) => `${BASE}@evil.example/v1/secrets/${id}`],
      ['ours in upper case', (id: string) => `${BASE.toUpperCase()}/v1/secrets/${id}`],
      ['something before ours', (id: string) => `x${BASE}/v1/secrets/${id}`],
    ] as const) {
      test(`a reference with ${what} is 400`, async () => {
        assert.equal((await post({ secret_refs: refs(make(secret(0).id)) })).status, 400)
      })
    }

    for (const [what, make] of [
      ['a trailing slash', (id: string) => `${BASE}/v1/secrets/${id}/`],
      ['another path (Q37)', (id: string) => `${BASE}/anything/at/all/${id}`],
      ['a doubled slash', (id: string) => `${BASE}//v1//secrets//${id}`],
      ['no path', (id: string) => `${BASE}/${id}`],
    ] as const) {
      test(`a reference with ${what} names the secret, and is shown as it should be`, async () => {
        const made = await containerOf(admin, { secret_refs: refs(make(secret(0).id)) })
        assert.equal((await membersOf(admin, made))[0]?.secret_ref, secret(0).ref)
      })
    }

    test('a reference to no secret of the project is 404, and nothing is made', async () => {
      const stranger = door.as({ project: 'stranger', user: 's', roles: ['admin'] })
      const foreign = await secretOf(stranger)
      await putAcl(stranger, foreign, { users: ['u'], projectAccess: true })
      assert.equal((await admin.get(foreign.path)).status, 200, 'its ACL lets us read it')
      const deleted = await secretOf(admin)
      await admin.delete(deleted.path)
      const { path } = await containerOf(admin)
      const container = `${BASE}${path}`
      const before = await count()
      for (const ref of [
        foreign.ref,
        deleted.ref,
        container,
        `${BASE}/v1/secrets/${UNKNOWN}`,
        `${BASE}/v1/secrets/${secret(0).id.toUpperCase()}`,
        `${BASE}/v1/secrets/${secret(0).id}?x`,
        `${BASE}/v1/secrets/x`,
        `${BASE}/`,
        `${BASE}/v1/secrets/\0`,
        `${BASE}/v1/secrets/' or 1=1`,
      ]) {
        const answer = await post({ secret_refs: refs(secret(1).ref, ref) })
        assert.equal(answer.status, 404, ref)
      }
      assert.equal(await count(), before)
    })

    test('an expired secret is 404 at the very instant of its expiration, and not before', async () => {
      door.clock.set('2026-04-01T00:00:00Z')
      const expiring = await secretOf(admin, { expiration: '2026-04-01T01:00:00' })
      door.clock.set('2026-04-01T00:59:59.999Z')
      assert.equal((await post({ secret_refs: refs(expiring.ref) })).status, 201)
      door.clock.set('2026-04-01T01:00:00Z')
      assert.equal((await post({ secret_refs: refs(expiring.ref) })).status, 404)
    })

    test('100 secrets keep the order they were given in', async () => {
      const made: MadeSecret[] = []
      for (let i = 0; i < 100; i += 1) made.push(await secretOf(admin))
      const secret_refs = made.map(({ ref }, index) => ({
        name: `${(index * 37) % 100}`,
        secret_ref: ref,
      }))
      const container = await containerOf(admin, { secret_refs })
      assert.deepEqual(await membersOf(admin, container), secret_refs)
    })
  })

  test('checks come in order: 403 before 415, 415 before 400, schema before members, 400 before 404', async () => {
    const observer = door.as({ project: 'containers', user: 'o', roles: ['observer'] })
    const text = { 'content-type': 'text/plain' }
    assert.equal((await observer.post('/v1/containers', 'x', text)).status, 403)
    assert.equal((await observer.post('/v1/containers', '{')).status, 403)
    assert.equal((await admin.post('/v1/containers', '{', text)).status, 415)
    assert.equal((await admin.ask('POST', '/v1/containers')).status, 415)
    const json = { 'content-type': 'application/JSON' }
    assert.equal((await admin.post('/v1/containers', {}, json)).status, 415)
    assert.equal((await admin.post('/v1/containers', '')).status, 400)
    const gone = { secret_ref: `${BASE}/v1/secrets/${UNKNOWN}`, name: 'private_key' }
    assert.equal((await post({ type: 'rsa', secret_refs: [gone] })).status, 400)
    assert.equal((await post({ type: 'dsa', secret_refs: [gone] })).status, 400)
    assert.equal((await post({ secret_refs: [gone] })).status, 404)
    const plain = { accept: 'text/plain', 'content-type': 'text/plain' }
    assert.equal((await observer.post('/v1/containers', '{', plain)).status, 406)
  })

  test('parameters after the media type are accepted', async () => {
    const json = { 'content-type': 'application/json; charset=utf-8' }
    assert.equal((await admin.post('/v1/containers', { type: 'generic' }, json)).status, 201)
  })
})

test('with a blank host_href the base of the request is the one a reference starts with', async (t) => {
  const door = await openDoor({ hostHref: '' })
  t.after(() => door.close())
  const admin = door.as({ project: 'p', user: 'u', roles: ['admin'] })
  const here = { host: 'kms.one:9311', 'x-forwarded-proto': 'https' }
  const made = await secretOf(admin.with(here))
  assert.match(made.ref, /^https:\/\/kms\.one:9311\/v1\/secrets\//)
  const body = { type: 'generic', secret_refs: [{ secret_ref: made.ref }] }
  const answer = await admin.post('/v1/containers', body, here)
  assert.equal(answer.status, 201)
  const elsewhere = { host: 'kms.two' }
  assert.equal((await admin.post('/v1/containers', body, elsewhere)).status, 400)
  const path = new URL(String(answer.json['container_ref'])).pathname
  const { json } = await admin.get(path, elsewhere)
  const secret_ref = `http://kms.two${made.path}`
  assert.deepEqual(json['secret_refs'], [{ name: null, secret_ref }])
})
