import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { IS_ON_SQLITE } from '../support/databaseUnderTest.ts'
import { BASE, type Door, openDoor } from '../support/door.ts'
import { assertIsBareError } from '../support/doorAnswer.ts'
import type { Caller } from '../support/doorCaller.ts'
import { containerOf } from '../support/doorContainers.ts'
import { putAcl, secretWithPayload } from '../support/doorSecrets.ts'

/** Columns that hold another type than theirs, references that lead nowhere. */
const onSqlite = IS_ON_SQLITE ? test : () => undefined
const OWNER_ROLES = ['admin', 'key-manager:service-admin']
const CONSUMER = { service: 'compute', resource_type: 'instance', resource_id: 'i-1' }
const AT_1_2 = { 'openstack-api-version': 'key-manager 1.2' }
const NOWHERE = '2f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b'

/**
 * Rows that no MAC covers (docs/security-model.md). What somebody gets who writes to them by hand, which is
 * never a payload, and what they can break, which is never another record.
 */
describe('somebody writes by hand to rows that no MAC covers', () => {
  let door: Door
  let owner: Caller
  let project: string
  let projects = 0
  before(async () => {
    door = await openDoor({ hasSeveralStores: true, quotas: { secrets: 100 } })
  })
  after(() => door.close())
  beforeEach(() => {
    projects += 1
    project = `victim-${projects}`
    owner = door.as({ project, user: 'owner', roles: OWNER_ROLES })
    door.alarms.length = 0
    door.failures.length = 0
  })

  const asFails = (method: string, path: string, body?: unknown) =>
    owner.ask(method, path, {
      mayFail: true,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
    })

  describe('consumers', () => {
    test('one that is taken away no longer holds up a DELETE at 1.2', async () => {
      const { path, id } = await secretWithPayload(owner)
      await owner.post(`${path}/consumers`, CONSUMER)
      assert.equal((await owner.delete(path, AT_1_2)).status, 400)
      door.execute('delete from secret_consumers where secret_id = ?', id)
      assert.equal((await owner.delete(path, AT_1_2)).status, 204)
      assert.deepEqual(door.alarms, [])
    })

    test('one that is written to another secret holds up the DELETE of that, which force overrides', async () => {
      const { path, id } = await secretWithPayload(owner)
      const other = await secretWithPayload(owner)
      await owner.post(`${path}/consumers`, CONSUMER)
      door.execute('update secret_consumers set secret_id = ? where secret_id = ?', other.id, id)
      assert.equal((await owner.delete(other.path, AT_1_2)).status, 400)
      assert.equal((await owner.delete(`${other.path}?force=true`, AT_1_2)).status, 204)
      assert.equal((await owner.delete(path, AT_1_2)).status, 204)
      assert.deepEqual(door.alarms, [])
    })

    test('one that is written to another project may be removed by that, and opens nothing to it', async () => {
      const { path, id } = await secretWithPayload(owner)
      const stranger = door.as({ project: 'thieves', user: 'thief', roles: OWNER_ROLES })
      await owner.post(`${path}/consumers`, CONSUMER)
      door.execute("update secret_consumers set project_id = 'thieves' where secret_id = ?", id)
      assert.equal((await stranger.get(path)).status, 403)
      assert.equal((await stranger.get(`${path}/payload`)).status, 403)
      assert.equal((await stranger.deleteWith(`${path}/consumers`, CONSUMER)).status, 403)
      await putAcl(owner, { path }, { users: ['thief'], projectAccess: true })
      assert.equal((await stranger.deleteWith(`${path}/consumers`, CONSUMER)).status, 200)
      assert.deepEqual(door.alarms, [])
    })

    onSqlite(
      'one whose columns are broken fails its parent and the pages that show it, and no other record',
      async () => {
        const secret = await secretWithPayload(owner)
        const container = await containerOf(owner)
        const whole = await secretWithPayload(owner)
        await owner.post(`${secret.path}/consumers`, CONSUMER)
        await owner.post(`${container.path}/consumers`, { name: 'n', URL: 'u' })
        door.execute("update secret_consumers set service = x'00ff' where secret_id = ?", secret.id)
        door.execute(
          "update container_consumers set url = x'00' where container_id = ?",
          container.id,
        )
        for (const path of [`${secret.path}/consumers`, `${container.path}/consumers`]) {
          assertIsBareError(await asFails('GET', path))
        }
        const at11 = { 'openstack-api-version': 'key-manager 1.1' }
        const page = { headers: at11, mayFail: true }
        assertIsBareError(await owner.ask('GET', '/v1/secrets?limit=1', page))
        assert.equal((await owner.get('/v1/secrets?limit=1&offset=1', at11)).status, 200)
        assert.equal((await owner.get(whole.path, at11)).status, 200)
        assert.equal((await owner.get(`${secret.path}/payload`)).text, 'some payload')
      },
    )
  })

  describe('quotas', () => {
    test('limits that are written count as if they had been set', async () => {
      await owner.put(`/v1/project-quotas/${project}`, { project_quotas: { secrets: 0 } })
      assert.equal((await owner.post('/v1/secrets', {})).status, 403)
      door.execute('update project_quotas set secrets = -1 where project_id = ?', project)
      assert.equal((await owner.post('/v1/secrets', {})).status, 201)
      assert.deepEqual(door.alarms, [])
    })

    onSqlite('a limit that is no number refuses what is new, and holds up no reader', async () => {
      const { path } = await secretWithPayload(owner)
      await owner.put(`/v1/project-quotas/${project}`, { project_quotas: { secrets: 5 } })
      door.execute("update project_quotas set secrets = 'lots' where project_id = ?", project)
      assertIsBareError(await asFails('POST', '/v1/secrets', {}))
      assert.equal((await owner.get(`${path}/payload`)).text, 'some payload')
      assert.equal((await owner.get('/v1/secrets')).json['total'], 1)
      const another = door.as({ project: `${project}-x`, user: 'u', roles: OWNER_ROLES })
      assert.equal((await another.post('/v1/secrets', {})).status, 201)
      const repaired = { project_quotas: { secrets: 5 } }
      assert.equal((await owner.put(`/v1/project-quotas/${project}`, repaired)).status, 204)
      assert.equal((await owner.post('/v1/secrets', {})).status, 201)
    })
  })

  describe('the preferred secret store', () => {
    const prefer = (suffix: string) =>
      door.execute(
        'insert into preferred_secret_stores select ?, id, created_at, created_at from secret_stores where suffix = ?',
        project,
        suffix,
      )
    const storesOfKeys = () =>
      door
        .execute('select store from project_keys where project_id = ? order by created_at', project)
        .map(({ store }) => store)

    test('new secrets go where it is written to, old ones open where they are', async () => {
      const before = await secretWithPayload(owner)
      prefer('second')
      door.clock.advanceSeconds(60)
      const since = await secretWithPayload(owner)
      assert.deepEqual(storesOfKeys(), ['memory', 'memory:second'])
      for (const { path } of [before, since]) {
        assert.equal((await owner.get(`${path}/payload`)).text, 'some payload')
      }
      assert.deepEqual(door.alarms, [])
    })

    onSqlite(
      'one that names a store that is not there goes to the global default, never anywhere else',
      async () => {
        prefer('second')
        door.execute('pragma foreign_keys = off')
        door.execute(
          'update preferred_secret_stores set secret_store_id = ? where project_id = ?',
          NOWHERE,
          project,
        )
        door.execute('pragma foreign_keys = on')
        await secretWithPayload(owner)
        assert.deepEqual(storesOfKeys(), ['memory'])
      },
    )
  })

  test('a tombstone for what lives holds up no DELETE', async () => {
    const { path, id } = await secretWithPayload(owner)
    door.execute(
      "insert into tombstones select 'secret', id, project_id, creator_id, created_at, created_at from secrets where id = ?",
      id,
    )
    assert.equal((await owner.get(path)).status, 200)
    assert.equal((await owner.delete(path)).status, 204)
    assert.equal((await owner.get(path)).status, 404)
    assert.deepEqual(door.alarms, [])
  })

  test('user metadata and transport keys are what is written, and nothing else changes', async () => {
    const { path, id } = await secretWithPayload(owner)
    await owner.put(`${path}/metadata`, { metadata: { k: 'v' } })
    door.execute("update secret_metadata set meta_value = 'theirs' where secret_id = ?", id)
    assert.deepEqual((await owner.get(`${path}/metadata`)).json, { metadata: { k: 'theirs' } })
    const key = { plugin_name: 'p', transport_key: 'ours' }
    const ref = String((await owner.post('/v1/transport_keys', key)).json['transport_key_ref'])
    door.execute("update transport_keys set transport_key = 'theirs' where id = ?", ref.slice(-36))
    const { json } = await owner.get(ref.slice(BASE.length))
    assert.equal(json['transport_key'], 'theirs')
    assert.equal((await owner.get(`${path}/payload`)).text, 'some payload')
    assert.deepEqual(door.alarms, [])
  })

  test('what is said of a certificate is what is written there, and it is stored, served and deleted all the same', async () => {
    const { path, id } = await secretWithPayload(owner, { secret_type: 'certificate' })
    assert.equal((await owner.get(`${path}/certificate`)).json['kind'], 'unreadable')
    door.execute("update certificate_facts set kind = 'theirs' where secret_id = ?", id)
    const damaged = await asFails('GET', `${path}/certificate`)
    assertIsBareError(damaged)
    door.execute('delete from certificate_facts where secret_id = ?', id)
    assert.equal((await owner.get(`${path}/certificate`)).status, 404)
    assert.equal((await owner.get(`${path}/payload`)).text, 'some payload')
    assert.equal((await owner.delete(path)).status, 204)
    assert.deepEqual(door.alarms, [])
  })
})
