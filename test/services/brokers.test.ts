import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { parseTransportUrl } from '../../src/config/transportUrl.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import { KeystoneListener } from '../../src/messaging/keystoneListener.ts'
import { freePort } from '../peers/freePort.ts'
import { Authority } from '../support/certificates.ts'
import { KeyManager, until } from './keyManager.ts'
import { OwnRabbit, TLS_FILES } from './ownRabbit.ts'
import { Publisher, projectDeleted } from './publisher.ts'
import { freshVirtualHost, type VirtualHost } from './virtualHost.ts'

describe('a broker of our own', { timeout: 900_000 }, () => {
  let folder: string
  let rabbit: OwnRabbit
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-services-'))
    rabbit = await OwnRabbit.start(join(folder, 'rabbit'))
  })
  after(async () => {
    await rabbit?.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const tls = (ca: string) => ({
    oslo_messaging_rabbit: {
      ssl: 'true',
      ssl_ca_file: join(TLS_FILES, ca),
      ssl_cert_file: join(TLS_FILES, 'client.pem'),
      ssl_key_file: join(TLS_FILES, 'client.key'),
    },
  })

  it('is spoken to over TLS with a client certificate', async () => {
    const url = `rabbit://guest:guest@127.0.0.1:${rabbit.tlsPort}/`
    const keys = await KeyManager.start(folder, 'tls', url, tls('ca.pem'))
    try {
      await keys.listening()
      const publisher = await Publisher.open(`rabbit://guest:guest@127.0.0.1:${rabbit.port}/`)
      const id = randomBytes(16).toString('hex')
      await keys.store(await keys.token(id), 'x')
      await publisher.publish(projectDeleted(id))
      await keys.shredded(id)
      await publisher.close()
    } finally {
      await keys.gatehouse.stop()
    }
  })

  it('with the certificate of another CA is refused, and the server serves on', async () => {
    const url = `rabbit://guest:guest@127.0.0.1:${rabbit.tlsPort}/`
    const keys = await KeyManager.start(folder, 'other-ca', url, tls('otherCa.pem'))
    try {
      await until('it says so', async () => /certificate|issuer/i.test(await keys.gatehouse.logs()))
      assert.equal(await keys.metric('gatehouse_notifications_connected'), 0)
      const ready = await keys.readiness()
      assert.equal(ready.status, 200)
      assert.match(ready.text, /"notifications": "failed: No message broker is connected/)
    } finally {
      await keys.gatehouse.stop()
    }
  })

  it('without the client certificate that it asks for refuses, and takes a renewed one without a restart', async (t) => {
    const others = await Authority.make(t, 'somebody else')
    const stranger = await others.client('gatehouse')
    const place = join(folder, 'renewed-files')
    await mkdir(place)
    const put = async (cert: string, key: string) => {
      await copyFile(cert, join(place, 'client.pem'))
      await copyFile(key, join(place, 'client.key'))
    }
    await put(stranger.cert, stranger.key)
    const url = `rabbit://guest:guest@127.0.0.1:${rabbit.tlsPort}/`
    const ca = { ssl: 'true', ssl_ca_file: join(TLS_FILES, 'ca.pem') }
    const without = await KeyManager.start(folder, 'no-certificate', url, {
      oslo_messaging_rabbit: ca,
    })
    const refused = async (keys: KeyManager) =>
      until('it is refused', async () =>
        /alert|ECONNRESET|closed/i.test(await keys.gatehouse.logs()),
      )
    try {
      await refused(without)
      assert.equal(await without.metric('gatehouse_notifications_connected'), 0)
    } finally {
      await without.gatehouse.stop()
    }
    const keys = await KeyManager.start(folder, 'renewed', url, {
      oslo_messaging_rabbit: {
        ...ca,
        ssl_cert_file: join(place, 'client.pem'),
        ssl_key_file: join(place, 'client.key'),
      },
    })
    try {
      await refused(keys)
      assert.equal(await keys.metric('gatehouse_notifications_connected'), 0)
      await put(join(TLS_FILES, 'client.pem'), join(TLS_FILES, 'client.key'))
      await keys.listening()
    } finally {
      await keys.gatehouse.stop()
    }
  })

  it('that dies is found again by itself, behind one that never was, and what came meanwhile is not lost', async () => {
    const url = `rabbit://guest:guest@127.0.0.1:${await freePort()},guest:guest@127.0.0.1:${rabbit.port}//`
    const keys = await KeyManager.start(folder, 'reconnects', url)
    try {
      await keys.listening()
      const [one, other] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')]
      const token = await keys.token(one)
      const ref = await keys.store(token, 'still served')
      await keys.store(await keys.token(other), 'x')
      await rabbit.kill()
      await until(
        'it is noticed',
        async () => (await keys.metric('gatehouse_notifications_connected')) === 0,
      )
      assert.equal((await keys.read(ref, token)).text, 'still served')
      assert.equal((await keys.readiness()).status, 200)
      await rabbit.startAgain()
      await until(
        'it listens again',
        async () => (await keys.metric('gatehouse_notifications_connected')) === 1,
        60,
      )
      const publisher = await Publisher.open(`rabbit://guest:guest@127.0.0.1:${rabbit.port}//`)
      await publisher.publish(projectDeleted(one))
      await keys.shredded(one)
      // The queue of the pool outlives the broker, and so do its messages.
      await keys.gatehouse.stop()
      await publisher.publish(projectDeleted(other))
      await publisher.close()
      await rabbit.stop()
      await rabbit.startAgain()
      await keys.gatehouse.startAgain()
      await keys.shredded(other, 60)
    } finally {
      await keys.gatehouse.stop()
    }
  })
})

describe('the nodes of a pool', { timeout: 900_000 }, () => {
  let broker: VirtualHost
  before(async () => {
    broker = await freshVirtualHost()
  })
  after(async () => {
    await broker?.drop()
  })
  const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
    await delay(ms, undefined, { signal }).catch(() => undefined)
  }

  it('share one queue: each deletion is told to one of them, and what one did not settle to another', async () => {
    const transport = parseTransportUrl(broker.url)
    assert.ok(transport !== undefined)
    const publisher = await Publisher.open(broker.url)
    const told = [new Map<string, number>(), new Map<string, number>()]
    let isFirstBroken = true
    const nodes = told.map(
      (of, node) =>
        new KeystoneListener({
          brokers: transport.brokers,
          virtualHost: transport.virtualHost,
          tls: undefined,
          queue: {
            exchange: 'keystone',
            topic: 'notifications',
            poolName: 'shared',
            isDurable: false,
            isQuorum: false,
          },
          onProjectDeleted: async (projectId: ProjectId) => {
            if (node === 0 && isFirstBroken) throw new Error('the database is away')
            of.set(projectId, (of.get(projectId) ?? 0) + 1)
          },
          onEvent: () => undefined,
          wait,
          times: { firstPauseMs: 10, longestPauseMs: 50, holdMs: 200 },
        }),
    )
    for (const node of nodes) node.start()
    await until('both listen', async () => nodes.every((node) => node.isListening))
    const projects = Array.from({ length: 60 }, () => randomBytes(16).toString('hex'))
    await publisher.publish(...projects.map(projectDeleted))
    const settled = () => told.flatMap((of) => [...of.keys()])
    await until('all but those that the first one holds', async () => settled().length >= 40)
    isFirstBroken = false
    await until('all', async () => settled().length === projects.length)
    assert.deepEqual(settled().toSorted(), projects.toSorted(), 'each is told once')
    assert.ok(
      told.every((of) => of.size > 0),
      'both had work',
    )
    for (const node of nodes) await node.stop()
    await until('all are settled', async () => (await publisher.waiting('shared')) === 0)
    await publisher.close()
  })

  it('may share a quorum queue, whatever the exchange is', async () => {
    const transport = parseTransportUrl(broker.url)
    assert.ok(transport !== undefined)
    const publisher = await Publisher.open(broker.url)
    const told: string[] = []
    const node = new KeystoneListener({
      brokers: transport.brokers,
      virtualHost: transport.virtualHost,
      tls: undefined,
      queue: {
        exchange: 'keystone',
        topic: 'notifications',
        poolName: 'quorum',
        isDurable: false,
        isQuorum: true,
      },
      onProjectDeleted: async (projectId) => void told.push(projectId),
      onEvent: () => undefined,
      wait,
    })
    node.start()
    await until('it listens', async () => node.isListening)
    const id = randomBytes(16).toString('hex')
    await publisher.publish(projectDeleted(id))
    await until('it is told', async () => told.includes(id))
    await node.stop()
    // A quorum queue agrees on an acknowledgement among its members before it counts it; one that never came stays.
    await until('it is settled', async () => (await publisher.waiting('quorum')) === 0)
    await publisher.close()
  })
})

describe('without pool_name', { timeout: 900_000 }, () => {
  let folder: string
  let broker: VirtualHost
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-services-'))
    broker = await freshVirtualHost()
  })
  after(async () => {
    await broker?.drop()
    await rm(folder, { recursive: true, force: true })
  })

  it('the queue of the topic is read, with what came before anybody listened, and a warning says so', async () => {
    const publisher = await Publisher.open(broker.url)
    const earlier = randomBytes(16).toString('hex')
    await publisher.publish(projectDeleted(earlier))
    const topic = { keystone_notifications: { pool_name: '' } }
    const keys = await KeyManager.start(folder, 'topic', broker.url, topic)
    try {
      await keys.listening()
      await until(
        'what came before is read',
        async () => (await keys.metric('gatehouse_project_deletions_total{kind="unknown"}')) === 1,
      )
      assert.match(await keys.gatehouse.logs(), /other services may read this queue: set pool_name/)
      const id = randomBytes(16).toString('hex')
      await keys.store(await keys.token(id), 'x')
      await publisher.publish(projectDeleted(id))
      await keys.shredded(id)
    } finally {
      await keys.gatehouse.stop()
      await publisher.close()
    }
  })
})
