import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { timeAfter } from '../../src/domain/projectDeletions.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { type MadeSecret, secretOf, secretWithPayload } from '../support/doorSecrets.ts'

const PAYLOAD = 'what a deleted project left'

describe('a deleted project', () => {
  let door: Door
  let projects = 0
  before(async () => {
    door = await openDoor()
  })
  after(() => door.close())

  const freshProject = (): { id: ProjectId; owner: Caller } => {
    projects += 1
    const id = `deleted-${projects}` as ProjectId
    return { id, owner: door.as({ project: id, user: 'owner', roles: ['admin', 'creator'] }) }
  }
  const lease = () => ({ owner: 'a', now: door.clock.now(), until: timeAfter(door.clock, 60) })
  const note = async (id: ProjectId): Promise<void> => {
    const now = door.clock.now()
    const noted = await door.database.deletions.note(id, { source: 'poll', now, notBefore: now })
    assert.equal(noted, 'noted')
    const task = await door.database.deletions.claim(lease(), id)
    assert.equal(task?.projectId, id)
  }
  const destroyKeys = async (id: ProjectId): Promise<void> => {
    await note(id)
    assert.equal(await door.database.deletions.destroyKeys(id, lease()), 1)
  }
  const shred = async (id: ProjectId): Promise<void> => {
    const step = await door.database.deletions.shred(id, lease(), 100)
    assert.ok(step !== 'lost' && step.isDone)
  }
  /** Everything that reads or changes what is there. */
  const assertGone = async (owner: Caller, { path, ref }: MadeSecret): Promise<void> => {
    const json = { 'content-type': 'application/json' }
    const requests = [
      ['GET', path, {}],
      ['GET', `${path}/payload`, { headers: { accept: 'text/plain' } }],
      ['GET', `${path}/acl`, {}],
      ['PUT', `${path}/acl`, { body: { read: {} }, headers: json }],
      ['GET', `${path}/metadata`, {}],
      ['GET', `${path}/consumers`, {}],
      ['DELETE', path, {}],
    ] as const
    for (const [method, at, request] of requests) {
      const answer = await owner.ask(method, at, request)
      assert.equal(answer.status, 404, `${method} ${at}: ${answer.text}`)
      assert.ok(!answer.text.includes(PAYLOAD))
    }
    const added = { type: 'generic', secret_refs: [{ name: 'a', secret_ref: ref }] }
    const container = await owner.post('/v1/containers', added)
    assert.ok([403, 404].includes(container.status), container.text)
  }

  test('reads and writes nothing once its keys are destroyed, while its rows are there, and nobody is alarmed (Q53)', async () => {
    const { id, owner } = freshProject()
    const made = await secretWithPayload(owner, { payload: PAYLOAD })
    await destroyKeys(id)
    door.forgetKeys(id)
    assert.equal(door.execute('select id from secrets where id = ?', made.id).length, 1)
    await assertGone(owner, made)
    const again = await owner.post('/v1/secrets', { name: 'late' })
    assert.equal(again.status, 403, again.text)
    const order = { type: 'key', meta: { algorithm: 'aes', bit_length: 256, mode: 'cbc' } }
    assert.equal((await owner.post('/v1/orders', order)).status, 403)
    await shred(id)
    await assertGone(owner, made)
    assert.equal((await owner.get('/v1/secrets')).json['total'], 0)
    assert.deepEqual(door.alarms, [])
  })

  test('takes no new secret from a node that still has its key in memory', async () => {
    const { id, owner } = freshProject()
    const twoSteps = await secretOf(owner, { name: 'without payload' })
    await destroyKeys(id)
    // The cache was not told: this is another node, in the seconds before its next look.
    const late = await owner.post('/v1/secrets', {
      payload: 'x',
      payload_content_type: 'text/plain',
    })
    assert.equal(late.status, 403, late.text)
    const text = { 'content-type': 'text/plain' }
    const put = await owner.ask('PUT', twoSteps.path, { body: 'x', headers: text })
    assert.equal(put.status, 404, put.text)
    const rows = door.execute('select id from secrets where project_id = ?', id)
    assert.equal(rows.length, 1)
    assert.deepEqual(door.alarms, [])
  })

  test('does not hold up housekeeping with what had expired', async () => {
    const { id, owner } = freshProject()
    await secretWithPayload(owner, { expiration: '2026-11-22T12:00:01' })
    const other = freshProject()
    const gone = await secretWithPayload(other.owner, { expiration: '2026-11-22T12:00:01' })
    await destroyKeys(id)
    door.forgetKeys(id)
    const purged = await door.purges.expiredSecrets.run({
      before: timeAfter(door.clock, 365 * 86_400),
      batchSize: 100,
      goesOn: async () => true,
    })
    assert.equal(purged.damaged, 0)
    assert.equal(door.execute('select id from secrets where id = ?', gone.id).length, 0)
    assert.deepEqual(door.alarms, [])
  })

  test('is an alarm as before where a key vanished without being destroyed', async () => {
    const { id, owner } = freshProject()
    const made = await secretWithPayload(owner)
    door.execute("update project_keys set state = 'destroying' where project_id = ?", id)
    door.forgetKeys(id)
    // Its bytes are there, so nobody destroyed it: what it sealed still opens.
    assert.equal((await owner.get(made.path)).status, 200)
    door.execute('delete from project_keys where project_id = ?', id)
    door.forgetKeys(id)
    const answer = await owner.ask('GET', made.path, { mayFail: true })
    assert.equal(answer.status, 500)
    assert.equal(door.alarms.length, 1)
  })
})
