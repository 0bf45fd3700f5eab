import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ask } from '../peers/ask.ts'
import {
  freshServerDatabase,
  type ServerDatabase,
  type ServerKind,
} from '../support/serverDatabase.ts'
import { KeyManager, until } from './keyManager.ts'
import { Publisher, projectDeleted } from './publisher.ts'
import { freshVirtualHost, type VirtualHost } from './virtualHost.ts'

/** How long another node may open what is left of a project whose keys were destroyed, and a second of ours. */
const FORGOTTEN_WITHIN_SECONDS = 11

const onNodes = (name: string, kind: ServerKind): void => {
  describe(`a deleted project on two nodes over ${name}`, { timeout: 900_000 }, () => {
    let folder: string
    let broker: VirtualHost
    let database: ServerDatabase
    let publisher: Publisher
    const nodes: KeyManager[] = []
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'gatehouse-services-'))
      broker = await freshVirtualHost()
      database = await freshServerDatabase(kind)
      publisher = await Publisher.open(broker.url)
      for (const node of ['one', 'other']) {
        const shared = {
          database: { connection: database.url },
          keyring: { file: join(folder, 'keyring') },
          token: { signing_key_file: join(folder, 'signing-key') },
          keystone_notifications: { pool_name: 'nodes' },
        }
        nodes.push(await KeyManager.start(folder, node, broker.url, shared))
      }
      for (const node of nodes) await node.listening()
    })
    after(async () => {
      await publisher?.close()
      for (const { gatehouse } of nodes) await gatehouse.stop()
      await database?.drop()
      await broker?.drop()
      await rm(folder, { recursive: true, force: true })
    })

    const [one, other] = [() => nodes[0] as KeyManager, () => nodes[1] as KeyManager]
    const rows = (table: string, project: string): number =>
      Number(
        database.execute(
          `select count(*) as total from ${table} where project_id = ?`,
          project,
        )[0]?.['total'],
      )
    const projectRow = (project: string) =>
      database.execute('select state, lease_owner from projects where project_id = ?', project)[0]
    const isShredded = async (project: string) => projectRow(project)?.['state'] === 'shredded'

    it('is finished by the one when the other is killed in the middle', async () => {
      const id = randomBytes(16).toString('hex')
      const token = await one().token(id)
      const many = 1500
      for (let stored = 0; stored < many; stored += 100) {
        const store = (index: number) => nodes[index % 2]?.store(token, 'x')
        await Promise.all(Array.from({ length: 100 }, (_, index) => store(index)))
      }
      assert.equal(rows('secrets', id), many)
      await publisher.publish(projectDeleted(id))
      await until('some are gone', async () => rows('secrets', id) < many)
      // The mark of a process: world-pid-start-random.
      const owner = String(projectRow(id)?.['lease_owner'])
      const pid = Number.parseInt(owner.split('-')[1] ?? '', 36)
      const victim = nodes.find(({ gatehouse }) => gatehouse.pid === pid)
      assert.ok(victim !== undefined, `one of ours holds it, not ${owner}`)
      await victim.gatehouse.kill()
      const killedAt = rows('secrets', id)
      assert.ok(killedAt > 0 && killedAt < many, `killed at ${killedAt}`)
      await until('the survivor has finished', () => isShredded(id), 30)
      for (const table of ['secrets', 'project_keys']) assert.equal(rows(table, id), 0)
      assert.equal(rows('tombstones', id), many)
      await victim.gatehouse.startAgain()
      await victim.listening()
    })

    it('is forgotten in time by nodes that only read and have its key in memory', async () => {
      const id = randomBytes(16).toString('hex')
      const token = await one().token(id)
      const ref = await one().store(token, 'still in memory')
      const there = ref.replace(one().gatehouse.url, other().gatehouse.url)
      assert.equal((await one().read(ref, token)).text, 'still in memory')
      assert.equal((await other().read(there, token)).text, 'still in memory')
      // A third node, which destroys the keys and gets no further.
      database.execute(
        "update projects set state = 'shredding', source = 'operator', not_before = '2026-01-01T00:00:00.000000', " +
          "lease_owner = 'third', lease_until = '9999-01-01T00:00:00.000000' where project_id = ?",
        id,
      )
      database.execute(
        "update project_keys set state = 'destroying', wrapped = ? where project_id = ?",
        Buffer.alloc(0),
        id,
      )
      await until(
        'both have forgotten',
        async () =>
          (await one().read(ref, token)).status === 404 &&
          (await other().read(there, token)).status === 404,
        FORGOTTEN_WITHIN_SECONDS,
      )
      for (const { gatehouse } of nodes) {
        const json = { payload: 'late', payload_content_type: 'text/plain' }
        const late = await ask(`${gatehouse.url}/v1/secrets`, { method: 'POST', token, json })
        assert.equal(late.status, 403, late.text)
      }
      assert.equal(rows('secrets', id), 1, 'its row is there all the same')
    })
  })
}

onNodes('MariaDB', 'mysql')
onNodes('PostgreSQL', 'postgresql')
