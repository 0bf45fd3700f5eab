import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretOf, secretWithPayload } from '../support/doorSecrets.ts'

const UNKNOWN = '2f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b'
const VOLUME = { service: 'cinder', resource_type: 'volume', resource_id: 'v1' }
const at = (version: string) => ({ 'openstack-api-version': `key-manager ${version}` })
const long = (length: number) => '🔑'.repeat(length)

describe('/v1/secrets/{id}/consumers', () => {
  let door: Door
  let creator: Caller
  before(async () => {
    door = await openDoor()
    creator = door.as({ project: 'consumed', user: 'u', roles: ['creator'] })
  })
  after(() => door.close())

  const consumed = async (...resources: readonly string[]) => {
    const made = await secretWithPayload(creator)
    for (const resource_id of resources) {
      const answer = await creator.post(`${made.path}/consumers`, { ...VOLUME, resource_id })
      assert.equal(answer.status, 200, answer.text)
    }
    return made
  }
  const listed = async (path: string, query = '') => {
    const answer = await creator.get(`${path}/consumers${query}`)
    assert.equal(answer.status, 200, answer.text)
    return answer.json as {
      consumers: Record<string, string>[]
      total: number
      next?: string
      previous?: string
    }
  }
  const resourcesOf = async (path: string, query = '?limit=100') =>
    (await listed(path, query)).consumers.map((it) => it['resource_id'])
  const updatedOf = async (path: string) => String((await creator.get(path)).json['updated'])
  const rowsOf = (id: string) =>
    door.execute('select * from secret_consumers where secret_id = ? order by created_at', id)

  describe('GET', () => {
    test('a secret has none at first', async () => {
      const { path } = await secretOf(creator)
      assert.equal((await creator.get(`${path}/consumers`)).text, '{"consumers":[],"total":0}')
    })

    test('shows these keys in this order, and no id', async () => {
      const { path } = await consumed('v1')
      const { consumers, total } = await listed(path)
      assert.equal(total, 1)
      const { created, updated, ...rest } = consumers[0] ?? assert.fail()
      assert.deepEqual(Object.keys(consumers[0] ?? {}), [
        'created',
        'updated',
        'status',
        'service',
        'resource_type',
        'resource_id',
      ])
      assert.deepEqual(rest, { status: 'ACTIVE', ...VOLUME })
      assert.match(created ?? '', /^2026-01-02T03:04:05\.\d{6}$/)
      assert.equal(updated, created)
    })

    test('pages in order of creation, with links that keep other parameters (Q29)', async () => {
      const all = Array.from({ length: 13 }, (_, index) => `z${(index * 7) % 13}`)
      const { path } = await consumed(...all)
      assert.deepEqual(await resourcesOf(path), all)
      assert.deepEqual(await resourcesOf(path, ''), all.slice(0, 10))
      const href = `${BASE}${path}/consumers`
      const page = await listed(path, '?limit=5&offset=5&x=1')
      assert.deepEqual(
        page.consumers.map((it) => it['resource_id']),
        all.slice(5, 10),
      )
      assert.equal(page.previous, `${href}?limit=5&offset=0&x=1`)
      assert.equal(page.next, `${href}?limit=5&offset=10&x=1`)
      assert.equal(page.total, 13)
      const last = await listed(path, '?limit=5&offset=10')
      assert.equal(last.next, undefined)
      assert.equal(last.total, 13)
      assert.deepEqual(await listed(path, '?offset=13'), { consumers: [], total: 13 })
      assert.deepEqual(await resourcesOf(path, '?limit=0'), all.slice(0, 1))
      assert.deepEqual(await resourcesOf(path, '?limit=x&offset='), all.slice(0, 10))
    })

    test('another secret does not show them', async () => {
      await consumed('v1')
      const { path } = await secretOf(creator)
      assert.equal((await listed(path)).total, 0)
    })
  })

  describe('POST', () => {
    for (const version of ['1.0', '1.1', '1.2']) {
      test(`at ${version} answers 200 with the secret and its consumers (Q17, Q58)`, async () => {
        const { path, id } = await consumed('v0')
        const answer = await creator.post(`${path}/consumers`, VOLUME, at(version))
        assert.equal(answer.status, 200)
        assert.deepEqual(answer.json['consumers'], [{ ...VOLUME, resource_id: 'v0' }, VOLUME])
        assert.equal(answer.text, (await creator.get(path, at('1.1'))).text)
        assert.equal(answer.headers['location'], `${BASE}/v1/secrets/${id}/consumers`)
      })
    }

    test('with a trailing slash is the same, as clients send it', async () => {
      const { path } = await secretOf(creator)
      assert.equal((await creator.post(`${path}/consumers/`, VOLUME)).status, 200)
      assert.equal((await listed(path)).total, 1)
    })

    test('once more is no error and changes nothing', async () => {
      const { path, id } = await consumed('v1')
      const before = [await updatedOf(path), rowsOf(id)]
      const answer = await creator.post(`${path}/consumers`, { ...VOLUME, more: 1 })
      assert.equal(answer.status, 200)
      assert.deepEqual(answer.json['consumers'], [VOLUME])
      assert.deepEqual([await updatedOf(path), rowsOf(id)], before)
    })

    test('of a new one moves `updated` of the secret to its own time', async () => {
      const { path } = await secretOf(creator)
      const before = await updatedOf(path)
      const answer = await creator.post(`${path}/consumers`, VOLUME)
      const after = await updatedOf(path)
      assert.ok(after > before)
      assert.equal(answer.json['updated'], after)
      assert.equal((await listed(path)).consumers[0]?.['created'], after)
    })

    test('consumers that differ in any field are two, wherever a boundary lies (Q32)', async () => {
      const { path } = await secretOf(creator)
      for (const [service, resource_type, resource_id] of [
        ['a', 'b', 'c'],
        ['A', 'b', 'c'],
        ['ab', 'b', 'c'],
        ['a', 'bb', 'c'],
        ['a', 'b', 'cc'],
        ['aa', 'b', 'c'],
        ['b', 'a', 'c'],
        ['a', 'bc', 'c'],
      ]) {
        await creator.post(`${path}/consumers`, { service, resource_type, resource_id })
      }
      assert.equal((await listed(path)).total, 8)
    })

    test('trims what it is given, and ignores other keys', async () => {
      const { path } = await secretOf(creator)
      const body = { service: ' cinder\n', resource_type: '\tvolume', resource_id: 'v1 ' }
      await creator.post(`${path}/consumers`, {
        ...body,
        id: UNKNOWN,
        project_id: 'x',
        status: 'x',
      })
      const answer = await creator.post(`${path}/consumers`, VOLUME)
      assert.deepEqual(answer.json['consumers'], [VOLUME])
    })

    for (const field of ['service', 'resource_type', 'resource_id']) {
      test(`${field} has 1 to 255 characters`, async () => {
        const { path } = await secretOf(creator)
        const fine = await creator.post(`${path}/consumers`, { ...VOLUME, [field]: long(255) })
        assert.equal(fine.status, 200)
        assert.deepEqual(fine.json['consumers'], [{ ...VOLUME, [field]: long(255) }])
        const values = [undefined, null, '', '  ', long(256), 1, true, [], {}, ['v'], 'a\u0000']
        for (const value of values) {
          const body = { ...VOLUME, [field]: value }
          for (const answer of [
            await creator.post(`${path}/consumers`, body),
            await creator.deleteWith(`${path}/consumers`, body),
          ]) {
            assert.equal(answer.status, 400, JSON.stringify(body))
            assert.match(String(answer.json['description']), new RegExp(`^Property ${field} `))
          }
        }
        assert.equal((await listed(path)).total, 1)
      })
    }

    for (const body of ['', '{', '[]', 'null', '"cinder"', '[{}]', '{}']) {
      test(`a body ${JSON.stringify(body)} is 400 for POST and DELETE`, async () => {
        const { path } = await consumed('v1')
        assert.equal((await creator.post(`${path}/consumers`, body)).status, 400)
        assert.equal((await creator.deleteWith(`${path}/consumers`, body)).status, 400)
        assert.equal((await listed(path)).total, 1)
      })
    }
  })

  describe('DELETE', () => {
    for (const version of ['1.0', '1.1', '1.2']) {
      test(`at ${version} answers 200 with the secret and the consumers that are left`, async () => {
        const { path } = await consumed('v1', 'v2')
        const answer = await creator.deleteWith(`${path}/consumers`, VOLUME, at(version))
        assert.equal(answer.status, 200)
        assert.deepEqual(answer.json['consumers'], [{ ...VOLUME, resource_id: 'v2' }])
        assert.equal(answer.text, (await creator.get(path, at('1.1'))).text)
        assert.deepEqual(await resourcesOf(path), ['v2'])
      })
    }

    test('of one that is unknown, or was removed before, is 404', async () => {
      const { path } = await consumed('v1', 'v2')
      assert.equal((await creator.deleteWith(`${path}/consumers`, VOLUME)).status, 200)
      for (const resource_id of ['v1', 'v3', 'V2']) {
        const answer = await creator.deleteWith(`${path}/consumers`, { ...VOLUME, resource_id })
        assert.equal(answer.status, 404)
        assert.equal(answer.json['description'], 'Consumer not found.')
      }
      assert.deepEqual(await resourcesOf(path), ['v2'])
    })

    test('does not move `updated` of the secret', async () => {
      const { path } = await consumed('v1')
      const before = await updatedOf(path)
      await creator.deleteWith(`${path}/consumers`, VOLUME)
      assert.equal(await updatedOf(path), before)
    })

    test('leaves nothing behind, so one that comes back is new', async () => {
      const { path, id } = await consumed('v1')
      const before = (await listed(path)).consumers[0]?.['created'] ?? ''
      await creator.deleteWith(`${path}/consumers`, VOLUME)
      assert.deepEqual(rowsOf(id), [])
      assert.equal((await creator.post(`${path}/consumers`, VOLUME)).status, 200)
      const [consumer] = (await listed(path)).consumers
      assert.ok((consumer?.['created'] ?? '') > before)
      assert.equal(await updatedOf(path), consumer?.['created'])
    })
  })

  describe('GET /{consumer_id}', () => {
    test('shows one consumer as the list does (Q35)', async () => {
      const { path, id } = await consumed('v1', 'v2')
      const consumerId = String(rowsOf(id)[1]?.['id'])
      const answer = await creator.get(`${path}/consumers/${consumerId}`)
      assert.equal(answer.status, 200)
      assert.deepEqual(answer.json, (await listed(path)).consumers[1])
    })

    test('an id that is none, unknown, or of another secret is 404', async () => {
      const { path } = await consumed('v1')
      const other = await consumed('v1')
      const foreign = String(rowsOf(other.id)[0]?.['id'])
      const stranger = door.as({ project: 'elsewhere', user: 'x', roles: ['admin'] })
      for (const consumerId of [UNKNOWN, foreign]) {
        const answer = await creator.get(`${path}/consumers/${consumerId}`)
        assert.equal(answer.status, 404, consumerId)
        assert.equal(answer.json['description'], 'Consumer not found.')
        assert.equal((await stranger.get(`${path}/consumers/${consumerId}`)).status, 403)
      }
      // What is no id is refused before the rules, as ids of secrets are (contract 00).
      for (const consumerId of ['x', foreign.toUpperCase(), '%00']) {
        for (const caller of [creator, stranger]) {
          const answer = await caller.get(`${path}/consumers/${consumerId}`)
          assert.equal(answer.status, 404, consumerId)
          assert.match(String(answer.json['description']), /^Provided consumer id is invalid/)
        }
      }
    })

    test('asks for the rule of the list, whoever registered it', async () => {
      const { path, id } = await consumed('v1')
      const consumerPath = `${path}/consumers/${String(rowsOf(id)[0]?.['id'])}`
      const auditor = door.as({ project: 'consumed', user: 'a', roles: ['audit'] })
      assert.equal((await auditor.get(consumerPath)).status, 200)
      const foreign = door.as({ project: 'elsewhere', user: 'x', roles: ['admin'] })
      const refused = await foreign.get(consumerPath)
      assert.equal(refused.status, 403)
      assert.match(refused.text, /secret_consumers:get/)
    })

    test('nothing stands below it (Q21)', async () => {
      const { path } = await consumed('v1')
      assert.equal((await creator.get(`${path}/consumers/${UNKNOWN}/x`)).status, 404)
    })
  })

  test('other methods are 405 and say what is possible', async () => {
    const { path } = await consumed('v1')
    for (const [tail, methods, allow] of [
      ['', ['PUT', 'PATCH', 'HEAD'], 'DELETE, GET, POST'],
      [`/${UNKNOWN}`, ['PUT', 'PATCH', 'HEAD', 'POST', 'DELETE'], 'GET'],
    ] as const) {
      for (const method of methods) {
        const answer = await creator.ask(method, `${path}/consumers${tail}`)
        assert.equal(answer.status, 405, `${method} ${tail}`)
        assert.equal(answer.headers['allow'], allow)
      }
    }
  })

  test('a secret that is not there is 404, before 406, 403 and 415', async () => {
    const nobody = door.as({ project: 'consumed', user: 'x', roles: [] })
    const gone = await consumed('v1')
    await creator.delete(gone.path)
    for (const id of [UNKNOWN, UNKNOWN.toUpperCase(), 'x', gone.id]) {
      for (const [method, tail] of [
        ['GET', ''],
        ['POST', ''],
        ['DELETE', ''],
        ['GET', `/${UNKNOWN}`],
      ]) {
        const path = `/v1/secrets/${id}/consumers${tail}`
        const answer = await nobody.ask(method ?? '', path, { headers: { accept: 'text/plain' } })
        assert.equal(answer.status, 404, `${method} ${path}`)
      }
    }
  })

  test('an expired secret is 404 with its consumers', async () => {
    const { path } = await secretOf(creator, { expiration: '2026-01-02T04:00:00' })
    await creator.post(`${path}/consumers`, VOLUME)
    door.clock.advanceSeconds(4_000)
    assert.equal((await creator.get(`${path}/consumers`)).status, 404)
    assert.equal((await creator.post(`${path}/consumers`, VOLUME)).status, 404)
    assert.equal((await creator.deleteWith(`${path}/consumers`, VOLUME)).status, 404)
    door.clock.advanceSeconds(-4_000)
  })

  test('an Accept that excludes JSON is 406, and nothing happens', async () => {
    const { path } = await consumed('v1')
    const text = { accept: 'text/plain' }
    const other = { ...VOLUME, resource_id: 'v2' }
    assert.equal((await creator.get(`${path}/consumers`, text)).status, 406)
    assert.equal((await creator.post(`${path}/consumers`, other, text)).status, 406)
    assert.equal((await creator.deleteWith(`${path}/consumers`, VOLUME, text)).status, 406)
    assert.equal((await creator.get(`${path}/consumers/${UNKNOWN}`, text)).status, 406)
    assert.deepEqual(await resourcesOf(path), ['v1'])
  })

  test('POST and DELETE want JSON (415), after the rules (403)', async () => {
    const { path } = await consumed('v1')
    const stranger = door.as({ project: 'elsewhere', user: 'x', roles: ['admin'] })
    for (const method of ['POST', 'DELETE']) {
      for (const request of [
        {},
        { body: JSON.stringify(VOLUME), headers: { 'content-type': 'text/plain' } },
        { body: JSON.stringify(VOLUME) },
      ]) {
        assert.equal((await creator.ask(method, `${path}/consumers`, request)).status, 415)
        assert.equal((await stranger.ask(method, `${path}/consumers`, request)).status, 403)
      }
    }
    assert.deepEqual(await resourcesOf(path), ['v1'])
  })

  describe('who registered it', () => {
    const guestOf = (project: string) => door.as({ project, user: 'guest', roles: [] })
    const sharedSecret = async () => {
      const made = await consumed('own')
      await creator.put(`${made.path}/acl`, { read: { users: ['guest'] } })
      return made
    }

    test('a user in the ACL registers from another project, which is written down', async () => {
      const { path, id } = await sharedSecret()
      assert.equal((await guestOf('guests').post(`${path}/consumers`, VOLUME)).status, 200)
      assert.deepEqual(
        rowsOf(id).map((row) => row['project_id']),
        ['consumed', 'guests'],
      )
    })

    test('another project removes its own, and neither the owner’s nor a third’s', async () => {
      const { path } = await sharedSecret()
      const own = { ...VOLUME, resource_id: 'own' }
      await guestOf('guests').post(`${path}/consumers`, VOLUME)
      for (const [project, body] of [
        ['guests', own],
        ['third', own],
        ['third', VOLUME],
      ] as const) {
        const refused = await guestOf(project).deleteWith(`${path}/consumers`, body)
        assert.equal(refused.status, 403)
        assert.equal(refused.json['title'], 'Forbidden')
      }
      assert.deepEqual(await resourcesOf(path), ['own', 'v1'])
      assert.equal((await guestOf('guests').deleteWith(`${path}/consumers`, VOLUME)).status, 200)
      assert.deepEqual(await resourcesOf(path), ['own'])
    })

    test('the project of the secret removes any', async () => {
      const { path } = await sharedSecret()
      await guestOf('guests').post(`${path}/consumers`, VOLUME)
      assert.equal((await creator.deleteWith(`${path}/consumers`, VOLUME)).status, 200)
      assert.deepEqual(await resourcesOf(path), ['own'])
    })

    test('registering what is there already does not make it one’s own', async () => {
      const { path, id } = await sharedSecret()
      const own = { ...VOLUME, resource_id: 'own' }
      assert.equal((await guestOf('guests').post(`${path}/consumers`, own)).status, 200)
      assert.equal((await guestOf('guests').deleteWith(`${path}/consumers`, own)).status, 403)
      assert.equal(rowsOf(id)[0]?.['project_id'], 'consumed')
    })

    test('a consumer that is not there is 404 for another project as well', async () => {
      const { path } = await sharedSecret()
      assert.equal((await guestOf('guests').deleteWith(`${path}/consumers`, VOLUME)).status, 404)
    })
  })

  describe('in the metadata of secrets', () => {
    test('stands at 1.1 and 1.2 between creator_id and content_types, and not at 1.0', async () => {
      const { path } = await consumed('v1', 'v2')
      for (const version of ['1.1', '1.2']) {
        const { json } = await creator.get(path, at(version))
        assert.deepEqual(json['consumers'], [VOLUME, { ...VOLUME, resource_id: 'v2' }])
        assert.deepEqual(Object.keys(json).slice(9, 12), [
          'creator_id',
          'consumers',
          'content_types',
        ])
      }
      assert.equal('consumers' in (await creator.get(path)).json, false)
    })

    test('is complete, however many there are', async () => {
      const many = Array.from({ length: 120 }, (_, index) => `v${index}`)
      const { path } = await consumed(...many)
      const { json } = await creator.get(path, at('1.1'))
      const shown = (json['consumers'] as { resource_id: string }[]).map((it) => it.resource_id)
      assert.deepEqual(shown, many)
    })

    test('a list shows each secret its own at 1.1, and none at 1.0', async () => {
      const lister = door.as({ project: 'listed', user: 'u', roles: ['creator'] })
      for (const count of [0, 2, 1, 0, 3]) {
        const { path } = await secretOf(lister, { name: String(count) })
        for (let index = 0; index < count; index += 1) {
          const body = { ...VOLUME, service: String(count), resource_id: String(index) }
          await lister.post(`${path}/consumers`, body)
        }
      }
      const list = await lister.get('/v1/secrets', at('1.1'))
      for (const secret of list.json['secrets'] as { name: string; consumers: object[] }[]) {
        const expected = Array.from({ length: Number(secret.name) }, (_, index) => ({
          ...VOLUME,
          service: secret.name,
          resource_id: String(index),
        }))
        assert.deepEqual(secret.consumers, expected)
      }
      assert.ok(!(await lister.get('/v1/secrets')).text.includes('consumers'))
      const empty = await lister.get('/v1/secrets?offset=100', at('1.1'))
      assert.equal(empty.text, '{"secrets":[],"total":5}')
    })

    test('the ETag at 1.1 changes with each that comes or goes; at 1.0 it is that of the record', async () => {
      const { path } = await consumed('v1')
      const tags: (string | undefined)[] = []
      const look = async () => {
        const answer = await creator.get(path, at('1.1'))
        tags.push(answer.headers['etag'])
      }
      await look()
      await creator.post(`${path}/consumers`, { ...VOLUME, resource_id: 'v2' })
      await look()
      const old = (await creator.get(path)).headers['etag'] ?? ''
      await creator.deleteWith(`${path}/consumers`, VOLUME)
      await look()
      await creator.post(`${path}/consumers`, VOLUME)
      await look()
      assert.equal(new Set(tags).size, 4)
      const stale = { ...at('1.1'), 'if-none-match': tags[2] ?? '' }
      assert.equal((await creator.get(path, stale)).status, 200)
      const fresh = { ...at('1.1'), 'if-none-match': tags[3] ?? '' }
      assert.equal((await creator.get(path, fresh)).status, 304)
      assert.notEqual((await creator.get(path)).headers['etag'], old)
    })
  })

  describe('DELETE of a secret that has some', () => {
    test('is 400 at 1.2 without force, and nothing of it goes', async () => {
      const { path, id } = await consumed('v1', 'v2')
      await creator.put(`${path}/acl`, { read: { users: ['a'] } })
      for (const query of ['', '?force=false', '?force=0', '?force=NO', '?force=off', '?force=n']) {
        const answer = await creator.delete(path + query, at('1.2'))
        assert.equal(answer.status, 400, query)
        assert.match(String(answer.json['description']), /consumers.*force=true/)
      }
      assert.equal((await creator.get(`${path}/payload`)).text, 'some payload')
      assert.equal(rowsOf(id).length, 2)
      assert.match((await creator.get(`${path}/acl`)).text, /"a"/)
    })

    for (const force of ['', 'maybe', '2']) {
      test(`force=${force} is 400 at 1.2 as it is without consumers`, async () => {
        const { path } = await consumed('v1')
        const answer = await creator.delete(`${path}?force=${force}`, at('1.2'))
        assert.equal(answer.status, 400)
        assert.match(String(answer.json['description']), /^Query parameter force/)
        assert.equal((await creator.get(path)).status, 200)
      })
    }

    for (const [query, version] of [
      ['?force=true', '1.2'],
      ['?force=1', '1.2'],
      ['?force=YES', '1.2'],
      ['', '1.1'],
      ['?force=false', '1.1'],
      ['', '1.0'],
      ['?force=maybe', '1.0'],
    ] as const) {
      test(`${query || 'without force'} at ${version} is 204, and all 13 consumers go (Q36)`, async () => {
        const { path, id } = await consumed(...Array.from({ length: 13 }, (_, i) => `v${i}`))
        assert.equal((await creator.delete(path + query, at(version))).status, 204)
        assert.equal((await creator.get(path)).status, 404)
        assert.deepEqual(rowsOf(id), [])
      })
    }

    test('is 204 at 1.2 once the last is removed', async () => {
      const { path } = await consumed('v1')
      await creator.deleteWith(`${path}/consumers`, VOLUME)
      assert.equal((await creator.delete(path, at('1.2'))).status, 204)
    })

    test('is 403, not 400, for who may not delete', async () => {
      const { path } = await consumed('v1')
      const observer = door.as({ project: 'consumed', user: 'o', roles: ['observer'] })
      assert.equal((await observer.delete(path, at('1.2'))).status, 403)
    })
  })

  test('no alarm was raised and nothing failed', () => {
    assert.deepEqual(door.alarms, [])
    assert.deepEqual(door.failures, [])
  })
})
