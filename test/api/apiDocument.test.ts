import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'

const PATH = '/v1/openapi.json'
const FILE = join(import.meta.dirname, '..', '..', 'api-ref', 'openapi.json')
const AS_WRITTEN = JSON.parse(readFileSync(FILE, 'utf8')) as object

describe('GET /v1/openapi.json', () => {
  let door: Door
  before(async () => {
    door = await openDoor()
  })
  after(() => door.close())

  test('is the document of api-ref/ with the address of this server, for anybody', async () => {
    const answer = await door.nobody.get(PATH)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], 'application/json')
    assert.deepEqual(answer.json, { ...AS_WRITTEN, servers: [{ url: BASE }] })
  })

  test('looks at no token: neither a wrong one nor an authenticator that is away matters', async () => {
    // While the gate is shut, whoever asks it waits for ever.
    door.authenticator.gate = new Promise(() => undefined)
    try {
      const answer = await door.nobody.get(PATH, { 'x-auth-token': 'wrong' })
      assert.equal(answer.status, 200)
    } finally {
      door.authenticator.gate = undefined
    }
  })

  for (const path of ['/v1/openapi.json/', '//v1//openapi.json', '/v1/openapi.json?x=1']) {
    test(`is found at ${path}`, async () => {
      assert.equal((await door.nobody.get(path)).status, 200)
    })
  }

  test('names no server but its own in a blank host_href, as refs do', async () => {
    const blank = await openDoor({ hostHref: '' })
    try {
      const answer = await blank.nobody.get(PATH, { host: 'kms.other.example:9311' })
      assert.deepEqual(answer.json['servers'], [{ url: 'http://kms.other.example:9311' }])
      // An address is the client's to choose, so no shared cache may keep it.
      assert.match(answer.headers['cache-control'] ?? '', /^private, max-age=\d+$/)
    } finally {
      await blank.close()
    }
  })

  test('is 304 for who has it, and not for who has that of another address', async () => {
    const { etag = '' } = (await door.nobody.get(PATH)).headers
    assert.match(etag, /^"[\w-]{22}"$/)
    const again = await door.nobody.get(PATH, { 'if-none-match': etag })
    assert.equal(again.status, 304)
    assert.equal(again.text, '')
    assert.equal(again.headers['etag'], etag)
    const moved = await openDoor({ hostHref: 'https://moved.example' })
    try {
      const other = await moved.nobody.get(PATH, { 'if-none-match': etag })
      assert.equal(other.status, 200)
      assert.notEqual(other.headers['etag'], etag)
    } finally {
      await moved.close()
    }
  })

  for (const method of ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    test(`${method} is 405 with Allow: GET, without a token`, async () => {
      const answer = await door.nobody.ask(method, PATH)
      assert.equal(answer.status, 405)
      assert.equal(answer.headers['allow'], 'GET')
    })
  }

  test('is 406 for who does not want JSON', async () => {
    assert.equal((await door.nobody.get(PATH, { accept: 'text/html' })).status, 406)
    for (const accept of ['*/*', 'application/*', 'text/html, application/json;q=0.5']) {
      assert.equal((await door.nobody.get(PATH, { accept })).status, 200)
    }
  })

  test('is 503 while the server has more important things to do', async () => {
    door.mood.isOverloaded = true
    try {
      const answer = await door.nobody.ask('GET', PATH, { mayFail: true })
      assert.equal(answer.status, 503)
      assert.equal(answer.headers['retry-after'], '1')
    } finally {
      door.mood.isOverloaded = false
    }
  })

  test('is logged under its path', async () => {
    await door.nobody.get(PATH)
    assert.equal(door.completed.at(-1)?.route, PATH)
  })
})
