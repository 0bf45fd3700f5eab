import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretOf } from '../support/doorSecrets.ts'

interface Listed {
  readonly name: string
  readonly secret_ref: string
}

async function namesOf(caller: Caller, query: string): Promise<readonly string[]> {
  const answer = await caller.get(`/v1/secrets?limit=100&${query}`)
  assert.equal(answer.status, 200, answer.text)
  const names = (answer.json['secrets'] as readonly Listed[]).map(({ name }) => name)
  assert.equal(answer.json['total'], names.length)
  return names
}

const SHELF = [
  { name: 'alpha', algorithm: 'aes', bit_length: 128, mode: 'cbc', secret_type: 'symmetric' },
  { name: 'Beta', algorithm: 'AES', bit_length: 256, mode: 'XTS', secret_type: 'symmetric' },
  { name: 'gamma_1', algorithm: 'rsa', bit_length: 256, secret_type: 'private' },
  { name: 'gamma-2', mode: 'SERVER', expiration: '2040-01-01T00:00:00' },
  { name: 'Straße', secret_type: 'passphrase', expiration: '2050-01-01T00:00:00' },
  { name: '100%', algorithm: '{"a":[1]}' },
  { name: 'a b', bit_length: 1 },
] as const
const ALL = SHELF.map(({ name }) => name)

describe('GET /v1/secrets', () => {
  let door: Door
  let creator: Caller
  before(async () => {
    door = await openDoor()
    creator = door.as({ project: 'shelf', user: 'u', roles: ['creator'] })
    for (const [index, fields] of SHELF.entries()) {
      door.clock.set(`2026-03-0${index + 1}T00:00:00Z`)
      await secretOf(creator, fields)
    }
    await secretOf(door.as({ project: 'other', user: 'u', roles: ['creator'] }), { name: 'alpha' })
  })
  after(() => door.close())

  const filters: readonly (readonly [string, readonly string[]])[] = [
    ['', ALL],
    ['name=alpha', ['alpha']],
    ['name=ALPHA', ['alpha']],
    ['name=beta', ['Beta']],
    ['name=alph', []],
    ['name=alph_', ['alpha']],
    ['name=%25a', ['alpha', 'Beta']],
    ['name=gamma%25', ['gamma_1', 'gamma-2']],
    ['name=gamma__', ['gamma_1', 'gamma-2']],
    ['name=STRA%C3%9FE', ['Straße']],
    ['name=stra_e', ['Straße']],
    ['name=a+b', ['a b']],
    ['name=a%2520b', ['a b']],
    ['name=a%2Bb', ['a b']],
    ['name=100%2525', ['100%']],
    ['name=', ALL],
    ['name=%27%20or%201=1', []],
    ['alg=aes', ['alpha', 'Beta']],
    ['alg=%25s%25', ['alpha', 'Beta', 'gamma_1']],
    ['mode=xts', ['Beta']],
    ['mode=SERVER', ['gamma-2']],
    ['bits=256', ['Beta', 'gamma_1']],
    ['bits=1', ['a b']],
    ['bits=0', ALL],
    ['bits=-256', ALL],
    ['bits=lots', ALL],
    ['bits=', ALL],
    ['bits=256.0', ALL],
    ['bits=999999999', []],
    ['secret_type=symmetric', ['alpha', 'Beta']],
    ['secret_type=Symmetric', []],
    ['secret_type=unknown', []],
    ['secret_type=opaque', ['gamma-2', '100%', 'a b']],
    ['name=%25a&bits=256', ['Beta']],
    ['name=beta&name=alpha', ['alpha']],
    ['acl_only=false', ALL],
    ['acl_only=nonsense', ALL],
    ['unknown=1', ALL],
  ]
  for (const [query, expected] of filters) {
    test(`?${query} finds ${expected.length === ALL.length ? 'all' : expected.join(', ') || 'nothing'}`, async () => {
      assert.deepEqual(await namesOf(creator, query), expected)
    })
  }

  const dates: readonly (readonly [string, readonly string[] | 400])[] = [
    ['created=2026-03-02T00:00:00', ['Beta']],
    ['created=2026-03-02', ['Beta']],
    ['created=gt:2026-03-05', ['100%', 'a b']],
    ['created=gte:2026-03-05', ['Straße', '100%', 'a b']],
    ['created=lt:2026-03-02', ['alpha']],
    ['created=lte:2026-03-02', ['alpha', 'Beta']],
    ['created=gte:2026-03-02,lt:2026-03-04', ['Beta', 'gamma_1']],
    ['created=lt:2026-03-04,gt:2026-03-02', ['gamma_1']],
    ['created=gt:2026-03-01,2026-03-02', ['Beta']],
    ['created=2026-03-02,lt:2026-03-01', []],
    ['created=gt:2026-03-05T00:00:00Z', ['100%', 'a b']],
    ['created=gte:2026-03-05T02:00:00%2B02:00', ['Straße', '100%', 'a b']],
    ['created=gte:2026-03-04T22:00:00-02:00', ['Straße', '100%', 'a b']],
    ['updated=lt:2026-03-02', ['alpha']],
    ['expiration=gt:2030-01-01', ['gamma-2', 'Straße']],
    ['expiration=2040-01-01', ['gamma-2']],
    ['created=', ALL],
    ['created=yesterday', 400],
    ['created=gt:', 400],
    ['created=gt:2026-03-01,', 400],
    ['created=,', 400],
    ['created=ge:2026-03-01', 400],
    ['created=GT:2026-03-01', 400],
    ['created=gt:gt:2026-03-01', 400],
    ['created=gt:2026-03-01,gt:2026-03-02', 400],
    ['created=gt:2026-03-01,gte:2026-03-02', 400],
    ['created=lt:2026-03-01,lte:2026-03-02', 400],
    ['created=2026-03-01,gte:2026-03-02', 400],
    ['created=lte:2026-03-02,2026-03-01', 400],
    ['created=2026-03-01,2026-03-02', 400],
    ['updated=nonsense', 400],
    ['expiration=nonsense', 400],
    ['created=gte:2026-03-05T02:00:00+02:00', 400],
  ]
  for (const [query, expected] of dates) {
    test(`?${query} ${expected === 400 ? 'is 400 and named' : `finds ${expected.length}`}`, async () => {
      if (expected !== 400) {
        assert.deepEqual(await namesOf(creator, query), expected)
        return
      }
      const answer = await creator.get(`/v1/secrets?${query}`)
      assert.equal(answer.status, 400)
      assert.match(String(answer.json['description']), new RegExp(query.split('=')[0] ?? ''))
    })
  }

  const sorts: readonly (readonly [string, readonly string[] | 400])[] = [
    ['created', ALL],
    ['created:asc', ALL],
    ['created:desc', ALL.toReversed()],
    ['updated:desc', ALL.toReversed()],
    ['name', ['100%', 'a b', 'alpha', 'Beta', 'gamma-2', 'gamma_1', 'Straße']],
    ['name:desc', ['Straße', 'gamma_1', 'gamma-2', 'Beta', 'alpha', 'a b', '100%']],
    ['bit_length', ['gamma-2', 'Straße', '100%', 'a b', 'alpha', 'Beta', 'gamma_1']],
    ['bit_length:desc,name:desc', ['gamma_1', 'Beta', 'alpha', 'a b', 'Straße', 'gamma-2', '100%']],
    ['expiration:desc', ['Straße', 'gamma-2', 'alpha', 'Beta', 'gamma_1', '100%', 'a b']],
    ['secret_type,created:desc', ['a b', '100%', 'gamma-2', 'Straße', 'gamma_1', 'Beta', 'alpha']],
    ['status', ALL],
    ['algorithm,mode', ['Straße', 'a b', 'gamma-2', 'alpha', 'Beta', 'gamma_1', '100%']],
    ['', ALL],
    ['id', 400],
    ['name:up', 400],
    ['name:', 400],
    ['name:asc:desc', 400],
    ['name,name:desc', 400],
    ['name,', 400],
    ['Name', 400],
    ['__proto__', 400],
    ['name;drop table secrets', 400],
  ]
  for (const [sort, expected] of sorts) {
    test(`sort=${sort} ${expected === 400 ? 'is 400' : 'orders the list'}`, async () => {
      if (expected === 400) {
        const answer = await creator.get(`/v1/secrets?sort=${encodeURIComponent(sort)}`)
        assert.equal(answer.status, 400)
        assert.match(String(answer.json['description']), /sort/)
      } else {
        assert.deepEqual(await namesOf(creator, `sort=${sort}`), expected)
      }
    })
  }

  test('items have the keys of their version and no more', async () => {
    const keys = async (version: string) => {
      const headers = { 'openstack-api-version': `key-manager ${version}` }
      const { json } = await creator.get('/v1/secrets?limit=1', headers)
      return Object.keys((json['secrets'] as readonly object[])[0] ?? {})
    }
    const old = await keys('1.0')
    assert.deepEqual(old, [
      'created',
      'updated',
      'status',
      'name',
      'secret_type',
      'expiration',
      'algorithm',
      'bit_length',
      'mode',
      'creator_id',
      'secret_ref',
    ])
    assert.deepEqual((await keys('1.1')).toSpliced(10, 1), old)
    assert.equal((await keys('1.1'))[10], 'consumers')
  })

  const links: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['', undefined, undefined],
    ['limit=3', undefined, 'limit=3&offset=3'],
    ['limit=3&offset=3', 'limit=3&offset=0', 'limit=3&offset=6'],
    ['limit=3&offset=6', 'limit=3&offset=3', undefined],
    ['limit=3&offset=2', 'limit=3&offset=0', 'limit=3&offset=5'],
    ['limit=7', undefined, undefined],
    ['offset=6', 'limit=10&offset=0', undefined],
    ['limit=2&name=%25a%25&x=1%262', undefined, 'limit=2&offset=2&name=%25a%25&x=1%262'],
    ['limit=1&sort=name:desc', undefined, 'limit=1&offset=1&sort=name%3Adesc'],
    ['limit=2&offset=', undefined, 'limit=2&offset=2'],
  ]
  for (const [query, previous, next] of links) {
    test(`?${query} links to ${previous ?? 'no previous'} and ${next ?? 'no next'}`, async () => {
      const { json } = await creator.get(`/v1/secrets?${query}`)
      const href = (it: string | undefined) =>
        it === undefined ? undefined : `${BASE}/v1/secrets?${it}`
      assert.equal(json['previous'], href(previous))
      assert.equal(json['next'], href(next))
      const order = ['secrets', 'previous', 'next', 'total'].filter((key) => key in json)
      assert.deepEqual(Object.keys(json), order)
    })
  }

  for (const query of [
    'offset=7',
    'offset=999999999999',
    'offset=9223372036854775807',
    'name=none',
  ]) {
    test(`an empty page (?${query}) has no links`, async () => {
      const { json } = await creator.get(`/v1/secrets?${query}`)
      assert.deepEqual(json, { secrets: [], total: query === 'name=none' ? 0 : ALL.length })
    })
  }

  const limits: readonly (readonly [string, number])[] = [
    ['limit=2', 2],
    ['limit=0', 1],
    ['limit=-5', 1],
    ['limit=%2B2', 2],
    ['limit=%202%20', 2],
    ['limit=', 7],
    ['limit=two', 7],
    ['limit=2.5', 7],
    ['limit=0x2', 7],
    ['limit=1000', 7],
    [`limit=${'9'.repeat(40)}`, 7],
    [`limit=-${'9'.repeat(40)}`, 1],
    ['limit=2&limit=3', 3],
    ['offset=-1', 7],
    ['offset=none', 7],
    ['offset=', 7],
    ['offset=5', 2],
    ['offset=9223372036854775808', 7],
    [`offset=${'9'.repeat(40)}`, 7],
    [`offset=-${'9'.repeat(40)}`, 7],
  ]
  for (const [query, count] of limits) {
    test(`?${query.slice(0, 40)} shows ${count}`, async () => {
      const { json } = await creator.get(`/v1/secrets?${query}`)
      assert.equal((json['secrets'] as unknown[]).length, count)
    })
  }

  test('following next shows every secret once', async () => {
    const seen: string[] = []
    let path: string | undefined = '/v1/secrets?limit=2&sort=name'
    while (path !== undefined) {
      const { json } = await creator.get(path)
      seen.push(...(json['secrets'] as readonly Listed[]).map(({ name }) => name))
      path = json['next'] === undefined ? undefined : String(json['next']).slice(BASE.length)
    }
    assert.equal(seen.length, ALL.length)
    assert.deepEqual(new Set(seen), new Set(ALL))
  })

  test('openstacksdk pages to the end by the href of the last item, and stops there', async () => {
    const seen: string[] = []
    for (let marker = ''; ; ) {
      const { json } = await creator.get(`/v1/secrets?limit=3${marker}`)
      const page = json['secrets'] as readonly Listed[]
      if (page.length === 0) break
      seen.push(...page.map(({ name }) => name))
      marker = `&marker=${encodeURIComponent(page.at(-1)?.secret_ref ?? '')}`
    }
    assert.deepEqual(seen, ALL)
  })

  test('a marker is an id as well; an unknown one ends the list; no id is 400', async () => {
    const { json } = await creator.get('/v1/secrets?limit=100')
    const refs = (json['secrets'] as readonly Listed[]).map(({ secret_ref }) => secret_ref)
    const id = refs[4]?.slice(-36) ?? ''
    const after = await creator.get(`/v1/secrets?marker=${id}`)
    assert.equal((after.json['secrets'] as unknown[]).length, 2)
    assert.equal(after.json['total'], 7)
    const unknown = '2f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b'
    const none = await creator.get(`/v1/secrets?marker=${unknown}`)
    assert.deepEqual(none.json['secrets'], [])
    assert.equal((await creator.get('/v1/secrets?marker=')).json['total'], 7)
    assert.equal((await creator.get('/v1/secrets?marker=nonsense')).status, 400)
  })

  test('acl_only lists what ACLs of any project grant this user, and nothing without a user', async () => {
    const owner = door.as({ project: 'granting', user: 'owner', roles: ['creator'] })
    const granted = await secretOf(owner, { name: 'granted' })
    await secretOf(owner, { name: 'kept' })
    await owner.put(`${granted.path}/acl`, { read: { users: ['guest'] } })
    const guest = door.as({ project: 'guests', user: 'guest', roles: ['creator'] })
    assert.deepEqual(await namesOf(guest, 'acl_only=TRUE'), ['granted'])
    assert.deepEqual(await namesOf(guest, ''), [])
    const nobody = door.as({ project: 'granting', roles: ['creator'] })
    assert.deepEqual(await namesOf(nobody, 'acl_only=true'), ['granted', 'kept'])
    await owner.delete(`${granted.path}/acl`)
    assert.deepEqual(await namesOf(guest, 'acl_only=TRUE'), [])
  })
})

describe('paging limits of an operator', () => {
  test('the default is clamped when it is above the most', async (t) => {
    const door = await openDoor({ paging: { defaultLimit: 50, maxLimit: 2 } })
    t.after(() => door.close())
    const creator = door.as({ project: 'few', user: 'u', roles: ['creator'] })
    for (const name of ['a', 'b', 'c']) await secretOf(creator, { name })
    for (const query of ['', '?limit=3', '?limit=nonsense']) {
      const { json } = await creator.get(`/v1/secrets${query}`)
      assert.equal((json['secrets'] as unknown[]).length, 2)
      assert.equal(json['next'], `${BASE}/v1/secrets?limit=2&offset=2`)
    }
  })
})
