import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Publisher, projectDeleted } from '../services/publisher.ts'
import { freshVirtualHost, type VirtualHost } from '../services/virtualHost.ts'
import { ask, store } from './ask.ts'
import { Cloud, type Person } from './cloud.ts'
import { type Configuration, Gatehouse } from './gatehouse.ts'
import { Keystone } from './keystone.ts'

const within = async (seconds: number, what: string, isTrue: () => Promise<boolean>) => {
  const deadline = performance.now() + seconds * 1000
  while (!(await isTrue())) {
    assert.ok(performance.now() < deadline, `not within ${seconds} s: ${what}`)
    await delay(100)
  }
}

/** As an operator writes it, for the messages of one of Keystone's two formats. */
const telling = (url: string, format: string): string => `
[DEFAULT]
transport_url = ${url}
notification_format = ${format}
[oslo_messaging_notifications]
driver = messagingv2
[oslo_policy]
# The service user is an admin in a project, as deployment tools make it.
enforce_scope = false
enforce_new_defaults = false
`

/** A Keystone that deletes projects, and Gatehouses that hear of it or ask. */
const inFormat = (format: 'basic' | 'cadf', folder: string): void => {
  describe(`projects deleted in Keystone, told as ${format}`, { timeout: 1_200_000 }, () => {
    let home: string
    let broker: VirtualHost
    let keystone: Keystone
    let cloud: Cloud
    const gatehouses: Gatehouse[] = []
    before(async () => {
      home = join(folder, `deleted-${format}`)
      await mkdir(home)
      broker = await freshVirtualHost()
      keystone = await Keystone.create(home, { more: telling(broker.url, format) })
      cloud = await Cloud.bootstrap(keystone, 'http://127.0.0.1:1')
    })
    after(async () => {
      for (const gatehouse of gatehouses) await gatehouse.stop()
      await keystone?.stop()
      await broker?.drop()
    })

    const start = async (
      name: string,
      notifications: Configuration[string],
      username: Person = 'barbican',
    ): Promise<Gatehouse> => {
      const gatehouse = await Gatehouse.start({
        name,
        folder: home,
        configuration: {
          DEFAULT: { transport_url: broker.url },
          keystone_notifications: notifications,
          keystone_authtoken: {
            auth_url: cloud.keystoneUrl,
            username,
            password: cloud.password,
            project_name: 'service',
            // However long a Keystone on a busy machine takes, it is there.
            http_connect_timeout: '120',
            // Revoked tokens are refused at once, so that what is read is what the database has.
            token_cache_time: '0',
          },
        },
      })
      gatehouses.push(gatehouse)
      return gatehouse
    }
    const listed = (gatehouse: Gatehouse) => gatehouse.command('project', 'list')
    const says = async (gatehouse: Gatehouse, words: RegExp) => words.test(await gatehouse.logs())
    /** A project with a secret that everybody in it and `stranger` may read. */
    const furnished = async (gatehouse: Gatehouse) => {
      const name = `p-${randomBytes(6).toString('hex')}`
      const id = await cloud.makeProject(name, 'demo')
      const { token } = await cloud.login('demo', { project: name })
      const ref = await store(gatehouse.url, token, `of ${name}`)
      const stranger = await cloud.login('stranger')
      const acl = { read: { users: [stranger.userId], 'project-access': true } }
      const put = await ask(`${ref}/acl`, { method: 'PUT', token, json: acl })
      assert.equal(put.status, 200, put.text)
      const read = () =>
        ask(`${ref}/payload`, { token: stranger.token, headers: { Accept: 'text/plain' } })
      assert.equal((await read()).text, `of ${name}`)
      return { id, token, read }
    }

    it('take their secrets along, confirmed by Keystone, and a neighbour keeps its own', async () => {
      const gatehouse = await start('listening', { enable: 'true', pool_name: 'gatehouse' })
      await within(120, 'it listens', () => says(gatehouse, /listening to the notifications/))
      const [doomed, neighbour] = [await furnished(gatehouse), await furnished(gatehouse)]
      await cloud.deleteProject(doomed.id)
      await within(120, 'it is shredded', async () =>
        new RegExp(`^shredded .*notification .*${doomed.id}$`, 'm').test(await listed(gatehouse)),
      )
      assert.equal((await doomed.read()).status, 404)
      assert.equal((await neighbour.read()).status, 200)
      const late = await ask(`${gatehouse.url}/v1/secrets`, {
        method: 'POST',
        token: doomed.token,
        json: {},
      })
      assert.equal(late.status, 401, 'Keystone has revoked its tokens')
    })

    it('are not those that a forged message names', async () => {
      const gatehouse = gatehouses[0]
      assert.ok(gatehouse !== undefined)
      const living = await furnished(gatehouse)
      const publisher = await Publisher.open(broker.url)
      await publisher.publish(projectDeleted(living.id))
      await publisher.close()
      await within(120, 'Keystone is asked', () =>
        says(gatehouse, /Keystone has a project that was called deleted/),
      )
      assert.equal((await living.read()).status, 200)
      assert.ok(!(await listed(gatehouse)).includes(living.id))
    })

    // How it was told matters no further.
    if (format === 'cadf') return

    it('are found without a broker, by asking twice', async () => {
      // Between two passes there has to be time for a look, on a slow machine as well.
      const gatehouse = await start('asking', { poll_interval: '15' })
      const doomed = await furnished(gatehouse)
      const living = [await furnished(gatehouse), await furnished(gatehouse)]
      await cloud.deleteProject(doomed.id)
      await within(120, 'it is missed', () =>
        says(gatehouse, /^(?=.*"missing":1\b).*Keystone was asked for all projects/m),
      )
      assert.equal((await doomed.read()).status, 200, 'once is not enough')
      assert.match(await listed(gatehouse), /^missing /m)
      await within(120, 'it is shredded', async () =>
        new RegExp(`^shredded .*poll .*${doomed.id}$`, 'm').test(await listed(gatehouse)),
      )
      assert.equal((await doomed.read()).status, 404)
      for (const { read } of living) assert.equal((await read()).status, 200)
    })

    it('are not believed to be many at once', async () => {
      const gatehouse = await start('doubting', { poll_interval: '1' })
      const projects = []
      for (let index = 0; index < 4; index += 1) projects.push(await furnished(gatehouse))
      const gone = projects.slice(0, 3)
      await gatehouse.stop()
      for (const { id } of gone) await cloud.deleteProject(id)
      await gatehouse.startAgain()
      await within(120, 'it says so', () => says(gatehouse, /too many projects are missing/))
      await delay(3000)
      for (const { read } of projects) assert.equal((await read()).status, 200)
      assert.match(await listed(gatehouse), /No project is deleted or missing/)
    })

    it('are not looked for by a service user who may not see projects', async () => {
      const gatehouse = await start('blind', { poll_interval: '1' }, 'nova')
      const doomed = await furnished(gatehouse)
      await furnished(gatehouse)
      await cloud.deleteProject(doomed.id)
      await within(120, 'it says so', () =>
        says(gatehouse, /does not let our service user see projects/),
      )
      await delay(3000)
      assert.equal((await doomed.read()).status, 200)
      assert.match(await listed(gatehouse), /No project is deleted or missing/)
    })

    it('wait while Keystone cannot confirm', async () => {
      const gatehouse = await start(
        'blind-listener',
        { enable: 'true', pool_name: 'blind' },
        'nova',
      )
      await within(120, 'it listens', () => says(gatehouse, /listening to the notifications/))
      const doomed = await furnished(gatehouse)
      await cloud.deleteProject(doomed.id)
      await within(120, 'it says so', () =>
        says(gatehouse, /a deleted project is kept until Keystone confirms it/),
      )
      assert.equal((await doomed.read()).status, 200)
      assert.match(await listed(gatehouse), new RegExp(`^doomed .*${doomed.id}$`, 'm'))
    })
  })
}

export const deletedProjects = (folder: string): void => {
  inFormat('basic', folder)
  inFormat('cadf', folder)
}
