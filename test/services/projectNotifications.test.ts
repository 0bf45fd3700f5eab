import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ask } from '../peers/ask.ts'
import { KeyManager, until } from './keyManager.ts'
import { Publisher, projectDeleted, ROUTING_KEY, wrapped } from './publisher.ts'
import { freshVirtualHost, type VirtualHost } from './virtualHost.ts'

const TABLES = ['secrets', 'containers', 'orders', 'project_keys', 'project_quotas', 'quota_locks']

describe('projects that a real RabbitMQ says are deleted', { timeout: 900_000 }, () => {
  let folder: string
  let broker: VirtualHost
  let publisher: Publisher
  let keys: KeyManager
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-services-'))
    broker = await freshVirtualHost()
    publisher = await Publisher.open(broker.url)
    keys = await KeyManager.start(folder, 'pool', broker.url)
    await keys.listening()
  })
  after(async () => {
    await publisher?.close()
    await keys?.gatehouse.stop()
    await broker?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  const freshProject = async () => {
    const id = randomBytes(16).toString('hex')
    return { id, token: await keys.token(id) }
  }
  const left = (project: string): readonly string[] =>
    TABLES.filter(
      (table) => keys.rows(`select 1 from ${table} where project_id = ?`, project).length > 0,
    )
  const count = (kind: string) => keys.metric(`gatehouse_notifications_total{kind="${kind}"}`)
  const fate = (kind: string) => keys.metric(`gatehouse_project_deletions_total{kind="${kind}"}`)

  it('lose their secrets, containers, orders, quotas and keys, and nobody else does', async () => {
    const [doomed, neighbour] = [await freshProject(), await freshProject()]
    const ref = await keys.store(doomed.token, 'a secret of the deleted')
    const theirs = await keys.store(neighbour.token, 'a secret of the living')
    const { url } = keys.gatehouse
    const post = (path: string, json: object) =>
      ask(`${url}${path}`, { method: 'POST', token: doomed.token, json })
    const members = [{ name: 'a', secret_ref: ref }]
    assert.equal(
      (await post('/v1/containers', { type: 'generic', secret_refs: members })).status,
      201,
    )
    const meta = { algorithm: 'aes', bit_length: 256, mode: 'cbc' }
    assert.equal((await post('/v1/orders', { type: 'key', meta })).status, 202)
    assert.equal((await keys.read(ref, doomed.token)).text, 'a secret of the deleted')

    await publisher.publish(projectDeleted(doomed.id))
    await keys.shredded(doomed.id)

    assert.equal((await keys.read(ref, doomed.token)).status, 404)
    assert.deepEqual(left(doomed.id), [])
    const tombstones = keys.rows('select kind from tombstones where project_id = ?', doomed.id)
    assert.deepEqual(tombstones.map(({ kind }) => kind).toSorted(), [
      'container',
      'order',
      'secret',
      'secret',
    ])
    assert.equal((await keys.read(theirs, neighbour.token)).text, 'a secret of the living')
    assert.equal(await publisher.waiting('pool'), 0)
  })

  it('are shredded once, however often the message comes', async () => {
    const { id, token } = await freshProject()
    await keys.store(token, 'x')
    const [shredded, told] = [await fate('shredded'), await count('projectDeleted')]
    await publisher.publish(projectDeleted(id), projectDeleted(id), projectDeleted(id))
    await keys.shredded(id)
    await until('all three were read', async () => (await count('projectDeleted')) === told + 3)
    await until('nothing waits', async () => (await publisher.waiting('pool')) === 0)
    assert.equal(await fate('shredded'), shredded + 1)
  })

  it('may be unknown here, which is nothing to do', async () => {
    const unknown = await fate('unknown')
    const id = randomBytes(16).toString('hex')
    await publisher.publish(projectDeleted(id))
    await until('it was read', async () => (await fate('unknown')) === unknown + 1)
    assert.equal(keys.stateOf(id), undefined)
  })

  it('are heard of behind messages that are no notifications, which are thrown away', async () => {
    const { id, token } = await freshProject()
    await keys.store(token, 'x')
    const [unreadable, other] = [await count('unreadable'), await count('other')]
    await publisher.publish(
      Buffer.from('not JSON'),
      Buffer.alloc(0),
      randomBytes(1000),
      Buffer.from('[]'),
      Buffer.from('{"oslo.version":"2.0","oslo.message":"{"}'),
      wrapped('identity.project.deleted', { resource_info: ['a list'] }),
      wrapped('identity.user.deleted', { resource_info: id }),
      wrapped('identity.project.updated', { resource_info: id }),
      projectDeleted(id),
    )
    await keys.shredded(id)
    assert.equal(await count('unreadable'), unreadable + 6)
    assert.equal(await count('other'), other + 2)
    await until('nothing waits', async () => (await publisher.waiting('pool')) === 0)
  })

  it('are shredded when the server was away as they were deleted', async () => {
    const { id, token } = await freshProject()
    const ref = await keys.store(token, 'x')
    await keys.gatehouse.stop()
    await publisher.publish(projectDeleted(id))
    assert.equal(await publisher.waiting('pool'), 1)
    await keys.gatehouse.startAgain()
    await keys.shredded(id)
    assert.equal((await keys.read(ref, token)).status, 404)
  })

  it('are not acknowledged while the database is away, and shredded when it is back', async () => {
    const { id, token } = await freshProject()
    await keys.store(token, 'x')
    await keys.whileLocked(async () => {
      const held = await count('held')
      await publisher.publish(projectDeleted(id))
      await until('it is held', async () => (await count('held')) > held, 30)
      // Whoever dies now has lost nothing: the broker has it still.
      await keys.gatehouse.kill()
      await until('the broker has it back', async () => (await publisher.waiting('pool')) === 1)
    })
    assert.equal(keys.stateOf(id), 'live')
    await keys.gatehouse.startAgain()
    await keys.shredded(id)
  })

  it('are gone on with by the next process when one is killed in the middle', async () => {
    const { id, token } = await freshProject()
    const many = 1200
    for (let stored = 0; stored < many; stored += 100) {
      await Promise.all(Array.from({ length: 100 }, () => keys.store(token, 'x')))
    }
    const rows = () => keys.rows('select id from secrets where project_id = ?', id).length
    assert.equal(rows(), many)
    await publisher.publish(projectDeleted(id))
    await until('some are gone', async () => rows() < many)
    await keys.gatehouse.kill()
    const killedAt = rows()
    assert.ok(killedAt > 0, 'it was killed before the end')
    assert.equal(keys.stateOf(id), 'shredding')
    await until(
      'the message is settled: the database knows',
      async () => (await publisher.waiting('pool')) === 0,
    )
    await keys.gatehouse.startAgain()
    // Well before the lease of the dead process ends.
    await keys.shredded(id, 30)
    assert.deepEqual(left(id), [])
    const tombstones = keys.rows('select id from tombstones where project_id = ?', id)
    assert.equal(tombstones.length, many)
  })

  it('hear of a queue that was deleted under them, and make it again', async () => {
    const { id, token } = await freshProject()
    await keys.store(token, 'x')
    await publisher.deleteQueue('pool')
    await until('it is made again', async () =>
      publisher
        .waiting(ROUTING_KEY)
        .then(async () => (await keys.metric('gatehouse_notifications_connected')) === 1),
    )
    await publisher.publish(projectDeleted(id))
    await keys.shredded(id)
  })
})

describe('a deleted project in its grace', { timeout: 900_000 }, () => {
  let folder: string
  let broker: VirtualHost
  let publisher: Publisher
  let keys: KeyManager
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-services-'))
    broker = await freshVirtualHost()
    // A Keystone whose queues are durable.
    publisher = await Publisher.open(broker.url, true)
    keys = await KeyManager.start(folder, 'grace', broker.url, {
      keystone_notifications: { grace_period: '1h' },
    })
    await keys.listening()
  })
  after(async () => {
    await publisher?.close()
    await keys?.gatehouse.stop()
    await broker?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  it('is read and written as before, is listed, can be kept, and can be shredded at once', async () => {
    const id = randomBytes(16).toString('hex')
    const token = await keys.token(id)
    const ref = await keys.store(token, 'in its grace')
    await publisher.publish(projectDeleted(id))
    await until('it is noted', async () => keys.stateOf(id) === 'doomed')
    assert.equal((await keys.read(ref, token)).text, 'in its grace')
    await keys.store(token, 'another')
    assert.match(
      await keys.gatehouse.command('project', 'list'),
      new RegExp(`^doomed .*${id}$`, 'm'),
    )
    await keys.gatehouse.command('project', 'keep', id)
    assert.equal(keys.stateOf(id), 'live')
    assert.match(await keys.gatehouse.command('project', 'list'), /No project is deleted/)

    const said = await keys.gatehouse.command('project', 'shred', id, '--yes')
    assert.match(said, /^secrets +2$/m)
    assert.match(said, /Nothing is left/)
    assert.equal((await keys.read(ref, token)).status, 404)
    await assert.rejects(keys.gatehouse.command('project', 'shred', id), /--yes/)
  })
})
