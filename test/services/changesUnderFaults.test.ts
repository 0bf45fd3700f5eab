import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Database, openDatabase } from '../../src/db/database.ts'
import type { DatabaseEvent } from '../../src/db/databaseEvent.ts'
import type { ServerConnection } from '../../src/db/server/serverConnection.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { anAcl, NOW, Project, plain } from '../contract/recordsForRepositories.ts'
import { assertUnavailable, healed } from '../faults/survivors.ts'
import { BEGIN, COMMIT, CuttingProxy } from '../support/cuttingProxy.ts'
import { ownMariadb } from '../support/ownMariadb.ts'
import { ownPostgres } from '../support/ownPostgres.ts'
import type { OwnServer } from '../support/ownServer.ts'
import { driverFor, say, withConnection } from '../support/serverConnections.ts'
import { setReadOnly } from '../support/setReadOnly.ts'
import { UsableTime } from '../support/usableTime.ts'

interface CleansUp {
  after(work: () => Promise<void>): unknown
}

const LOCK_ALL = {
  mysql: 'select secrets.id from secrets for update',
  postgresql: 'lock table secrets in exclusive mode',
}
const MARIADB_CONNECTIONS = 30

function unavailableWith(words: RegExp) {
  return (error: unknown) => {
    assertUnavailable(error)
    assert.match(String(error), words)
    return true
  }
}

function changesUnderFaults(name: string, make: (t: CleansUp) => Promise<OwnServer>): void {
  suite(name, { timeout: 900_000 }, () => {
    const cleanUps: (() => Promise<void>)[] = []
    const events: DatabaseEvent[] = []
    let server: OwnServer
    let proxy: CuttingProxy
    let database: Database
    let project: Project
    const open = (server_: { maxPoolSize: number; maxOverflow: number }, poolTimeoutSeconds = 10) =>
      openDatabase({
        url: server.urlWith({ port: proxy.port }),
        clock: systemClock(),
        onEvent: (event) => events.push(event),
        server: { ...server_, poolTimeoutSeconds },
      })
    before(async () => {
      const t = { after: (work: () => Promise<void>) => cleanUps.unshift(work) }
      server = await make(t)
      proxy = await CuttingProxy.start(t, server.port)
      database = await open({ maxPoolSize: 4, maxOverflow: 0 })
      t.after(() => database.close())
      const execute = () => assert.fail('these tests keep to the repositories')
      project = await Project.make({ ...database, execute })
      await database.deployment.establish('a'.repeat(32), NOW)
    })
    after(async () => {
      for (const cleanUp of cleanUps) await cleanUp()
    })
    const stored = async (secret: ReturnType<Project['secret']>) =>
      plain(await database.secrets.find(secret.id))

    /** With users in its ACL a secret takes a transaction; without, it is one statement that commits itself. */
    const ofSeveral = () => project.secret({ acl: anAcl(['somebody']) })

    test('cut before a lone statement reaches the server: outcome unknown, and not written', async () => {
      const secret = project.secret()
      proxy.cuts.push({ matches: (sent) => sent.includes(secret.id), at: 'asked' })
      await assert.rejects(database.secrets.insert(secret), unavailableWith(/may or may not/))
      assert.equal(await stored(secret), undefined)
    })

    test('cut after a lone statement was done: outcome unknown, written once, and whole', async () => {
      const secret = project.secret()
      proxy.cuts.push({ matches: (sent) => sent.includes(secret.id), at: 'answered' })
      await assert.rejects(database.secrets.insert(secret), unavailableWith(/may or may not/))
      assert.deepEqual(await stored(secret), plain(secret))
    })

    test('cut at BEGIN: tried again on another connection, and nobody notices', async () => {
      for (const at of ['asked', 'heard', 'answered'] as const) {
        const secret = ofSeveral()
        proxy.cuts.push({ matches: BEGIN, at })
        assert.equal(await database.secrets.insert(secret), 'inserted')
        assert.deepEqual(await stored(secret), plain(secret))
      }
    })

    test('cut before COMMIT reaches the server: outcome unknown, and not written', async () => {
      const secret = ofSeveral()
      proxy.cuts.push({ matches: COMMIT, at: 'asked' })
      await assert.rejects(database.secrets.insert(secret), unavailableWith(/may or may not/))
      assert.equal(await stored(secret), undefined)
    })

    test('cut after COMMIT was done: outcome unknown, written once, and whole', async () => {
      const secret = ofSeveral()
      proxy.cuts.push({ matches: COMMIT, at: 'answered' })
      await assert.rejects(database.secrets.insert(secret), unavailableWith(/may or may not/))
      assert.deepEqual(await stored(secret), plain(secret))
    })

    test('cut twice at BEGIN: not written, and said so', async () => {
      const secret = ofSeveral()
      proxy.cuts.push({ matches: BEGIN, at: 'heard' }, { matches: BEGIN, at: 'heard' })
      await assert.rejects(database.secrets.insert(secret), unavailableWith(/is not written/))
      assert.equal(await stored(secret), undefined)
    })

    test('a deadlock that the change loses is tried again, and is done once', async () => {
      const secret = project.secret()
      await database.secrets.insert(secret)
      await database.secretMetadata.replaceAll(secret.id, new Map([['a', '1']]))
      events.length = 0
      await withConnection(server.url, async (other) => {
        await other.begin('change')
        await makeHeavy(other)
        // Removing locks the secret first and then comes to its metadata; here it is the other way round.
        await say(
          other,
          `update secret_metadata set secret_id = secret_id where secret_id = '${secret.id}'`,
        )
        const removing = database.secrets.remove(secret.id, secret.rowMac, NOW, 'remove')
        removing.catch(() => undefined)
        await delay(300)
        await say(other, `update secrets set name = name where id = '${secret.id}'`).catch(
          // PostgreSQL ends whoever notices first: that may be us.
          (error: unknown) =>
            assert.equal(driverFor(server.url).dialect.failureKind(error), 'busy'),
        )
        await other.rollback()
        assert.equal(await removing, 'changed')
      })
      assert.equal(await stored(secret), undefined)
      if (server.kind === 'mysql') assert.ok(events.some(({ type }) => type === 'changeRetried'))
    })

    test('a lock that is never given up ends in 503 after twenty seconds, reads go on', async () => {
      const secret = project.secret()
      await database.secrets.insert(secret)
      await withConnection(server.url, async (other) => {
        await other.begin('change')
        await say(other, LOCK_ALL[server.kind])
        const time = new UsableTime()
        const removing = database.secrets.remove(secret.id, secret.rowMac, NOW, 'remove')
        removing.catch(() => undefined)
        await delay(1_000)
        assert.deepEqual(await stored(secret), plain(secret))
        await assert.rejects(removing, unavailableWith(/is not written/))
        const tookMs = time.ms()
        assert.ok(tookMs > 5_000 && tookMs < 25_000, `${tookMs} ms`)
        await other.rollback()
      })
      assert.deepEqual(await stored(secret), plain(secret))
      assert.equal(
        await database.secrets.remove(secret.id, secret.rowMac, NOW, 'remove'),
        'changed',
      )
    })

    test('a pool that is used up makes the others wait, and tells them in time', async (t) => {
      const small = await open({ maxPoolSize: 2, maxOverflow: 0 }, 1)
      t.after(() => small.close())
      const busy = [project.secret(), project.secret()]
      for (const secret of busy) await small.secrets.insert(secret)
      await withConnection(server.url, async (other) => {
        await other.begin('change')
        await say(other, LOCK_ALL[server.kind])
        const waiting = busy.map((secret) =>
          small.secrets.remove(secret.id, secret.rowMac, NOW, 'remove'),
        )
        await delay(100)
        const time = new UsableTime()
        const late = Array.from({ length: 10 }, () => small.secrets.find(busy[0]?.id as never))
        for (const read of late) await assert.rejects(read, unavailableWith(/are in use/))
        assert.ok(time.ms() < 2_500)
        await other.rollback()
        assert.deepEqual(await Promise.all(waiting), ['changed', 'changed'])
      })
      assert.equal(await small.secrets.find(busy[0]?.id as never), undefined)
    })

    test('a server without a free connection: who has one goes on, who has none is told, and finds one later', async (t) => {
      const held: ServerConnection[] = []
      t.after(async () => {
        for (const connection of held) connection.destroy()
      })
      assert.equal(await database.secrets.insert(project.secret()), 'inserted')
      try {
        for (;;) held.push(await driverFor(server.url).connect(() => undefined))
      } catch {
        assert.ok(held.length > 5)
      }
      const inserted = await Promise.all(
        Array.from({ length: 20 }, () => database.secrets.insert(project.secret())),
      )
      assert.deepEqual(new Set(inserted), new Set(['inserted']))
      // All are lost, and somebody takes their places before we do.
      proxy.cutAll()
      await delay(50)
      try {
        for (;;) held.push(await driverFor(server.url).connect(() => undefined))
      } catch {
        await assert.rejects(
          database.secrets.insert(project.secret()),
          unavailableWith(/cannot be reached/),
        )
      }
      for (const connection of held.splice(0)) connection.destroy()
      const time = new UsableTime()
      await healed(() => database.secrets.insert(project.secret()))
      const tookMs = time.ms()
      assert.ok(tookMs < 1_000, `${tookMs} ms`)
    })

    test('read-only: reads and their connections stay, a change is refused and not written', async () => {
      const before = project.secret()
      await database.secrets.insert(before)
      await setReadOnly(server, true)
      const secret = project.secret()
      await assert.rejects(database.secrets.insert(secret), unavailableWith(/is not written/))
      await assert.rejects(database.health.check(AbortSignal.timeout(5_000)), assertUnavailable)
      const connections = proxy.connectionCount
      for (let i = 0; i < 10; i += 1) assert.deepEqual(await stored(before), plain(before))
      assert.equal(proxy.connectionCount, Math.max(connections, 1))
      await setReadOnly(server, false)
      assert.equal(await database.secrets.insert(secret), 'inserted')
    })

    test('a start on a read-only server is refused in one sentence', async () => {
      await setReadOnly(server, true)
      try {
        await assert.rejects(open({ maxPoolSize: 1, maxOverflow: 0 }), {
          name: 'StartupRefusal',
          message: /^The database cannot be written: .*read.only.*$/i,
        })
      } finally {
        await setReadOnly(server, false)
      }
    })
  })
}

/** MariaDB takes back the transaction that changed less. */
async function makeHeavy(connection: ServerConnection): Promise<void> {
  await say(connection, 'create temporary table weights (id integer primary key)')
  for (let i = 0; i < 50; i += 1) await say(connection, `insert into weights values (${i})`)
}

changesUnderFaults('MariaDB', (t) =>
  ownMariadb(t, { 'max-connections': String(MARIADB_CONNECTIONS) }),
)
changesUnderFaults('PostgreSQL', (t) =>
  ownPostgres(t, { max_connections: '20', superuser_reserved_connections: '3' }),
)
