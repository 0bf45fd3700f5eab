import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'

const LINKS = [
  { rel: 'self', href: `${BASE}/v1/` },
  { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
]
const OLD_ENTRY = {
  id: 'v1',
  status: 'stable',
  'media-types': [
    { base: 'application/json', type: 'application/vnd.openstack.key-manager-v1+json' },
  ],
  links: LINKS,
}
const NEW_ENTRY = {
  id: 'v1',
  status: 'CURRENT',
  min_version: '1.0',
  max_version: '1.2',
  links: LINKS,
}

const { version: RELEASE } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string }

const at = (version: string) => ({ 'openstack-api-version': `key-manager ${version}` })

describe('version discovery and microversions', () => {
  let door: Door
  let member: Caller
  before(async () => {
    door = await openDoor()
    member = door.as({ project: 'discovery', user: 'u', roles: ['creator'] })
  })
  after(() => door.close())

  // Compared as text: the order of keys is part of what old clients see.
  test('GET / is 300 in the shape of 1.0 without a version, and needs no token (Q62, Q63)', async () => {
    const answer = await door.nobody.get('/')
    assert.equal(answer.status, 300)
    assert.equal(answer.text, JSON.stringify({ versions: { values: [OLD_ENTRY] } }))
    assert.equal(answer.headers['content-type'], 'application/json')
  })

  for (const version of ['1.1', '1.2', 'latest']) {
    test(`GET / at ${version} is a plain list with the range of versions`, async () => {
      const answer = await door.nobody.get('/', at(version))
      assert.equal(answer.status, 300)
      assert.equal(answer.text, JSON.stringify({ versions: [NEW_ENTRY] }))
    })
  }

  for (const path of ['/v1', '/v1/', '//v1/']) {
    test(`GET ${path} is the one version, for who has a token`, async () => {
      const old = await member.get(path)
      assert.equal(old.status, 200)
      assert.equal(old.text, JSON.stringify({ version: OLD_ENTRY }))
      const current = await member.get(path, at('1.1'))
      assert.equal(current.text, JSON.stringify({ version: NEW_ENTRY }))
      assert.equal((await door.nobody.get(path)).status, 401)
    })
  }

  test('json-home is redirected at / and served as JSON at /v1', async () => {
    const home = { accept: 'application/json-home' }
    const root = await door.nobody.get('/', home)
    assert.equal(root.status, 302)
    assert.equal(root.headers['location'], `${BASE}/v1/`)
    const v1 = await member.get('/v1', home)
    assert.equal(v1.status, 200)
    assert.deepEqual(v1.json, { version: OLD_ENTRY })
  })

  for (const accept of ['text/html', 'text/plain', 'application/xml']) {
    test(`both documents are 406 for Accept ${accept}`, async () => {
      assert.equal((await door.nobody.get('/', { accept })).status, 406)
      assert.equal((await member.get('/v1', { accept })).status, 406)
    })
  }

  for (const query of ['?build', '?build=1', '?x=1&build=']) {
    test(`GET /${query} names the release`, async () => {
      const answer = await door.nobody.get(`/${query}`)
      assert.equal(answer.status, 200)
      assert.deepEqual(Object.keys(answer.json), ['build'])
      assert.equal(answer.json['build'], RELEASE)
    })
  }

  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'TRACE']) {
    test(`${method} on the version documents is 405 with Allow: GET`, async () => {
      const root = await door.nobody.ask(method, '/')
      assert.equal(root.status, 405)
      assert.equal(root.headers['allow'], 'GET')
      const v1 = await member.ask(method, '/v1')
      assert.equal(v1.status, 405)
      assert.equal(v1.headers['allow'], 'GET')
    })
  }

  for (const path of ['/v2', '/v1x', '/secrets', '/V1/secrets', '/favicon.ico', '/healthcheckx']) {
    test(`GET ${path} is 404 without asking for a token`, async () => {
      assert.equal((await door.nobody.get(path)).status, 404)
    })
  }

  const minor: readonly (readonly [string | undefined, string])[] = [
    [undefined, '1.0'],
    ['key-manager 1.0', '1.0'],
    ['key-manager 1.1', '1.1'],
    ['key-manager 1.2', '1.2'],
    ['key-manager latest', '1.2'],
    ['compute 2.1', '1.0'],
    ['compute 2.1, key-manager 1.1', '1.1'],
    ['key-manager 1.1,compute 2.1', '1.1'],
    ['  key-manager   1.1  ', '1.1'],
    ['key-manager 1.0, key-manager 1.1', '1.1'],
    ['key-manager 1.1, key-manager', '1.1'],
    ['1.1', '1.0'],
    ['key-manager', '1.0'],
    [',,', '1.0'],
  ]
  for (const [header, served] of minor) {
    test(`OpenStack-API-Version ${header ?? 'absent'} is served as ${served}`, async () => {
      const headers = header === undefined ? {} : { 'openstack-api-version': header }
      for (const answer of [
        await member.get('/v1/secrets', headers),
        await member.get('/', headers),
      ]) {
        assert.equal(answer.headers['openstack-api-version'], `key-manager ${served}`)
        assert.equal(answer.headers['vary'], 'OpenStack-API-Version')
      }
    })
  }

  const refused: readonly (readonly [string, number])[] = [
    ['1.3', 406],
    ['2.0', 406],
    ['0.9', 406],
    ['x', 400],
    ['1', 400],
    ['1.1.1', 400],
    ['1.', 400],
    ['-1.1', 400],
    ['1.99999999999999999999', 400],
  ]
  for (const [version, status] of refused) {
    test(`version ${version} is ${status} everywhere, after the token, and without the header`, async () => {
      const everywhere = [
        await member.get('/v1/secrets', at(version)),
        await member.get('/v1', at(version)),
        await member.get('/v1/nothing', at(version)),
        await door.nobody.get('/', at(version)),
      ]
      for (const answer of everywhere) {
        assert.equal(answer.status, status)
        assert.equal(answer.headers['openstack-api-version'], undefined)
      }
      assert.equal((await door.nobody.get('/v1/secrets', at(version))).status, 401)
    })
  }

  test('a refusal of the API carries the version it was given at', async () => {
    const missing = await member.get('/v1/secrets/x', at('1.1'))
    assert.equal(missing.status, 404)
    assert.equal(missing.headers['openstack-api-version'], 'key-manager 1.1')
  })
})
