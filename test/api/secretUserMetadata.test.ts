import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { type MadeSecret, secretOf } from '../support/doorSecrets.ts'

const long = (length: number) => 'x'.repeat(length)

describe('/v1/secrets/{id}/metadata', () => {
  let door: Door
  let creator: Caller
  before(async () => {
    door = await openDoor()
    creator = door.as({ project: 'notes', user: 'u', roles: ['creator'] })
  })
  after(() => door.close())

  const noted = async (metadata: Record<string, string> = { k: 'v' }): Promise<MadeSecret> => {
    const made = await secretOf(creator)
    assert.equal((await creator.put(`${made.path}/metadata`, { metadata })).status, 201)
    return made
  }
  const all = async (path: string) => (await creator.get(`${path}/metadata`)).json['metadata']

  test('a secret has none at first', async () => {
    const { path } = await secretOf(creator)
    assert.equal((await creator.get(`${path}/metadata`)).text, '{"metadata":{}}')
  })

  test('PUT replaces all, answers 201 with metadata_ref and no Location (Q59)', async () => {
    const { path, ref } = await noted({ old: '1' })
    const answer = await creator.put(`${path}/metadata`, { metadata: { a: '1', b: '' }, more: 1 })
    assert.equal(answer.status, 201)
    assert.deepEqual(answer.json, { metadata_ref: `${ref}/metadata` })
    assert.equal(answer.headers['location'], undefined)
    assert.deepEqual(await all(path), { a: '1', b: '' })
    await creator.put(`${path}/metadata`, { metadata: {} })
    assert.deepEqual(await all(path), {})
  })

  test('POST adds one, answers 201 with Location, and 409 for a key that is there', async () => {
    const { path, ref } = await noted()
    const answer = await creator.post(`${path}/metadata`, { key: 'New', value: ' v ' })
    assert.equal(answer.status, 201)
    assert.deepEqual(answer.json, { key: 'new', value: 'v' })
    assert.equal(answer.headers['location'], `${ref}/metadata/new`)
    assert.equal((await creator.post(`${path}/metadata`, { key: 'NEW', value: 'w' })).status, 409)
    assert.deepEqual(await all(path), { k: 'v', new: 'v' })
  })

  test('GET of one is by the key as it is kept, not as it was spelt', async () => {
    const { path } = await noted({ K2: 'v' })
    const answer = await creator.get(`${path}/metadata/k2`)
    assert.deepEqual(answer.json, { key: 'k2', value: 'v' })
    assert.equal((await creator.get(`${path}/metadata/K2`)).status, 404)
    assert.equal((await creator.get(`${path}/metadata/none`)).status, 404)
  })

  test('PUT of one replaces its value; 404 when it is not there, 409 when body and path differ', async () => {
    const { path } = await noted({ k: 'v', other: 'w' })
    const answer = await creator.put(`${path}/metadata/k`, { key: 'K', value: 'new' })
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, { key: 'k', value: 'new' })
    const absent = { key: 'none', value: 'x' }
    assert.equal((await creator.put(`${path}/metadata/none`, absent)).status, 404)
    assert.equal(
      (await creator.put(`${path}/metadata/other`, { key: 'k', value: 'x' })).status,
      409,
    )
    assert.deepEqual(await all(path), { k: 'new', other: 'w' })
  })

  test('PUT of one that is not there is 404 even where the body names another', async () => {
    const { path } = await noted({ k: 'v' })
    for (const missing of ['none', 'K'])
      assert.equal(
        (await creator.put(`${path}/metadata/${missing}`, { key: 'k', value: 'x' })).status,
        404,
      )
    assert.deepEqual(await all(path), { k: 'v' })
  })

  test('DELETE of one is 204 whether it was there or not, with nothing after the headers', async () => {
    const { path } = await noted({ k: 'v', other: 'w' })
    for (let times = 0; times < 2; times += 1) {
      const answer = await creator.delete(`${path}/metadata/k`)
      assert.equal(answer.status, 204)
      assert.equal(answer.headers['content-length'], undefined)
    }
    assert.equal((await creator.delete(`${path}/metadata/OTHER`)).status, 204)
    assert.deepEqual(await all(path), { other: 'w' })
  })

  test('of two keys that fold alike the one with an upper-case letter wins', async () => {
    const { path } = await secretOf(creator)
    for (const body of [
      '{"metadata":{"key":"low","KEY":"up"}}',
      '{"metadata":{"KEY":"up","key":"low"}}',
    ]) {
      await creator.put(`${path}/metadata`, body)
      assert.deepEqual(await all(path), { key: 'up' })
    }
    await creator.put(`${path}/metadata`, { metadata: { 1: 'a', '-_': 'b' } })
    assert.deepEqual(await all(path), { 1: 'a', '-_': 'b' })
  })

  test('keys that JavaScript finds special are keys like any other', async () => {
    const { path } = await secretOf(creator)
    const metadata = '{"constructor":"b","toString":"c","hasOwnProperty":"d"}'
    assert.equal((await creator.put(`${path}/metadata`, `{"metadata":${metadata}}`)).status, 201)
    assert.deepEqual(await all(path), { constructor: 'b', tostring: 'c', hasownproperty: 'd' })
    const { path: second } = await secretOf(creator)
    const added = await creator.post(`${second}/metadata`, { key: '__proto__', value: 'x' })
    assert.equal(added.status, 201)
    assert.match((await creator.get(`${second}/metadata`)).text, /"__proto__":"x"/)
    assert.equal((await creator.get(`${second}/metadata/__proto__`)).json['value'], 'x')
  })

  test('a __proto__ among many is refused: it would be left out without a word', async () => {
    const { path } = await noted()
    const body = '{"metadata":{"a":"b","__proto__":"c"}}'
    assert.equal((await creator.put(`${path}/metadata`, body)).status, 400)
    assert.deepEqual(await all(path), { k: 'v' })
  })

  test('a refusal of a key says which key and what keys look like', async () => {
    const { path } = await secretOf(creator)
    const answer = await creator.put(`${path}/metadata`, { metadata: { 'a b': 'v' } })
    assert.match(String(answer.json['description']), /metadata\.a b .*letters, digits/)
  })

  test('the metadata does not move the secret, and is not in it', async () => {
    const { path } = await secretOf(creator)
    const before = (await creator.get(path)).text
    await creator.put(`${path}/metadata`, { metadata: { k: 'v' } })
    await creator.post(`${path}/metadata`, { key: 'l', value: 'v' })
    await creator.put(`${path}/metadata/k`, { key: 'k', value: 'w' })
    await creator.delete(`${path}/metadata/k`)
    assert.equal((await creator.get(path)).text, before)
  })

  for (const key of ['json', 'k-1', '_', '0', long(255)]) {
    test(`key ${key.slice(0, 10)} of ${key.length} is a key`, async () => {
      const { path } = await noted()
      assert.equal((await creator.post(`${path}/metadata`, { key, value: 'v' })).status, 201)
      assert.equal((await creator.get(`${path}/metadata/${key}`)).status, 200)
    })
  }

  const badKeys = [
    '',
    'a b',
    'k\\n',
    'k.txt',
    'é',
    '\\u0000',
    'a/b',
    '%41',
    long(256),
    '\\u017f',
    '\\u212a',
  ]
  for (const key of badKeys) {
    test(`key "${key.slice(0, 10)}" of ${key.length} is 400 in both forms (Q27)`, async () => {
      const { path } = await noted()
      const one = await creator.put(`${path}/metadata`, `{"metadata":{"${key}":"v"}}`)
      assert.equal(one.status, 400, one.text)
      // A key is a string value here, so it is trimmed first.
      const two = await creator.post(`${path}/metadata`, `{"key":"${key}","value":"v"}`)
      assert.equal(two.status, key === 'k\\n' ? 409 : 400, two.text)
      assert.deepEqual(await all(path), { k: 'v' })
    })
  }

  for (const [what, value, status] of [
    ['a long text', long(255), 201],
    ['too long a text', long(256), 400],
    ['blank', '   ', 201],
    ['U+0000', '\u0000', 400],
    ['a number', 1, 400],
    ['null', null, 400],
    ['an object', {}, 400],
    ['an array', ['v'], 400],
  ] as const) {
    test(`a value that is ${what} is ${status} in both forms`, async () => {
      const { path } = await secretOf(creator)
      const bulk = await creator.put(`${path}/metadata`, { metadata: { k: value } })
      assert.equal(bulk.status, status)
      assert.equal((await creator.post(`${path}/metadata`, { key: 'l', value })).status, status)
      if (status === 400) assert.match(String(bulk.json['description']), /metadata\.k/)
      if (status === 201 && value === '   ') assert.deepEqual(await all(path), { k: '', l: '' })
    })
  }

  for (const body of [
    {},
    { metadata: null },
    { metadata: [] },
    { metadata: 'k' },
    { metadata: ['k', 'v'] },
    { Metadata: { k: 'v' } },
  ]) {
    test(`PUT ${JSON.stringify(body)} is 400`, async () => {
      const { path } = await noted()
      assert.equal((await creator.put(`${path}/metadata`, body)).status, 400)
      assert.deepEqual(await all(path), { k: 'v' })
    })
  }

  for (const body of [
    {},
    { key: 'k' },
    { value: 'v' },
    { key: 'k', value: 'v', more: 1 },
    { key: 1, value: 'v' },
    { key: null, value: 'v' },
    { key: ['k'], value: 'v' },
    { metadata: { k: 'v' } },
  ]) {
    test(`an item ${JSON.stringify(body)} is 400 for POST and PUT`, async () => {
      const { path } = await noted()
      assert.equal((await creator.post(`${path}/metadata`, body)).status, 400)
      assert.equal((await creator.put(`${path}/metadata/k`, body)).status, 400)
    })
  }

  test('another Content-Type is 415', async () => {
    const { path } = await noted()
    const type = { 'content-type': 'text/plain' }
    assert.equal((await creator.put(`${path}/metadata`, '{"metadata":{}}', type)).status, 415)
    assert.equal((await creator.post(`${path}/metadata`, '{}', type)).status, 415)
    assert.equal((await creator.put(`${path}/metadata/k`, '{}', type)).status, 415)
  })

  test('an Accept that excludes JSON is 406, save for DELETE', async () => {
    const { path } = await noted()
    const text = { accept: 'text/plain' }
    assert.equal((await creator.get(`${path}/metadata`, text)).status, 406)
    assert.equal((await creator.get(`${path}/metadata/k`, text)).status, 406)
    const body = { key: 'k', value: 'w' }
    assert.equal((await creator.put(`${path}/metadata/k`, body, text)).status, 406)
    assert.equal((await creator.get(`${path}/metadata/k`)).json['value'], 'v')
    assert.equal((await creator.delete(`${path}/metadata/k`, text)).status, 204)
  })

  for (const key of ['k%2Fl', '%00', '%zz', '%C3%28', 'k.txt', '..%2f..', long(3000)]) {
    test(`a path key like ${key.slice(0, 10)} is simply not there`, async () => {
      const { path } = await noted()
      assert.equal((await creator.get(`${path}/metadata/${key}`)).status, 404)
      assert.equal((await creator.delete(`${path}/metadata/${key}`)).status, 204)
    })
  }

  test('as many keys as fit into a body are kept', async () => {
    const metadata = Object.fromEntries(
      Array.from({ length: 1500 }, (_, index) => [`key${index}`, 'v']),
    )
    const { path } = await noted(metadata)
    assert.deepEqual(await all(path), metadata)
  })
})
