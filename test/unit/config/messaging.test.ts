import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseTransportUrl } from '../../../src/config/transportUrl.ts'
import { loadedFrom, mistakesIn } from './loadedFrom.ts'

const KEYSTONE =
  '[keystone_authtoken]\nauth_url = http://k/v3\nusername = u\npassword = p\nproject_name = service\n'
const BROKER = '[DEFAULT]\ntransport_url = rabbit://u:p@h:5672/v\n'

describe('the address of a message broker', () => {
  const guest = { username: undefined, password: undefined }
  const cases: readonly (readonly [string, object])[] = [
    [
      'rabbit://openstack:secret@10.0.0.1:5672//',
      {
        brokers: [{ host: '10.0.0.1', port: 5672, username: 'openstack', password: 'secret' }],
        virtualHost: '/',
      },
    ],
    [
      'rabbit://u:p@h1:5672,u:q@h2/vhost',
      {
        brokers: [
          { host: 'h1', port: 5672, username: 'u', password: 'p' },
          { host: 'h2', port: undefined, username: 'u', password: 'q' },
        ],
        virtualHost: 'vhost',
      },
    ],
    [
      'rabbit://u:p%40%2F%3A:x@[2001:db8::1]:5671/%2Fmine',
      {
        brokers: [{ host: '2001:db8::1', port: 5671, username: 'u', password: 'p@/::x' }],
        virtualHost: '/mine',
      },
    ],
    [
      'rabbit://',
      { brokers: [{ host: 'localhost', port: undefined, ...guest }], virtualHost: '/' },
    ],
    ['kombu://h/', { brokers: [{ host: 'h', port: undefined, ...guest }], virtualHost: '/' }],
  ]
  for (const [url, expected] of cases) {
    it(`is read as oslo.messaging reads it: ${url}`, () => {
      assert.deepEqual(parseTransportUrl(url), { ...expected, options: new Map() })
    })
  }

  it('may bring options along', () => {
    const transport = parseTransportUrl('rabbit://u:p@h:5671/v?ssl=1&ssl_ca_file=/etc/ca.pem')
    assert.deepEqual(
      [...(transport?.options ?? [])],
      [
        ['ssl', '1'],
        ['ssl_ca_file', '/etc/ca.pem'],
      ],
    )
  })

  for (const url of [
    ...['fake://', 'amqp://h', 'http://h/', 'rabbit:/h', 'rabbit://u:p@/v', 'rabbit://h o/v'],
    ...['rabbit://u:%zz@h/', 'rabbit://h:port/', 'rabbit://u:p@h1,u:p@/v', ''],
  ]) {
    it(`is refused: ${JSON.stringify(url)}`, () => {
      assert.equal(parseTransportUrl(url), undefined)
    })
  }
})

describe('the settings of notifications', () => {
  it("are Barbican's where it has them; nothing listens and nothing asks unless told so", (t) => {
    const { settings } = loadedFrom(t, '')
    const { keystone_notifications: options } = settings
    assert.equal(options.enable, false)
    assert.equal(options.poll_interval, 0)
    assert.equal(options.control_exchange, 'keystone')
    assert.equal(options.topic, 'notifications')
    assert.equal(options.pool_name, undefined)
    assert.equal(options.confirm, true)
    assert.equal(options.grace_period, 0)
  })

  it('of a barbican.conf work as they are, and what has no effect is named', (t) => {
    const { settings, notices } = loadedFrom(
      t,
      `${BROKER}${KEYSTONE}[keystone_notifications]\nenable = True\ncontrol_exchange = keystone\n` +
        'topic = barbican_notifications\nallow_requeue = True\nversion = 1.0\npool_name = barbican\n' +
        'thread_pool_size = 10\n[oslo_messaging_rabbit]\nkombu_ssl_ca_certs = /etc/ca.pem\n' +
        'rabbit_use_ssl = true\namqp_durable_queues = true\nheartbeat_in_pthread = false\n',
    )
    assert.equal(settings.keystone_notifications.topic, 'barbican_notifications')
    assert.equal(settings.oslo_messaging_notifications.transport_url, 'rabbit://u:p@h:5672/v')
    assert.equal(settings.oslo_messaging_rabbit.ssl, true)
    assert.equal(settings.oslo_messaging_rabbit.ssl_ca_file, '/etc/ca.pem')
    for (const option of ['allow_requeue', 'version', 'thread_pool_size']) {
      assert.match(notices.join('\n'), new RegExp(`${option} has no effect`))
    }
    assert.match(notices.join('\n'), /\[oslo_messaging_rabbit\] heartbeat_in_pthread/)
  })

  it('take a broker of their own', (t) => {
    const own = '[oslo_messaging_notifications]\ntransport_url = rabbit://n@other/\n'
    const { settings } = loadedFrom(t, `${BROKER}${own}`)
    assert.equal(settings.oslo_messaging_notifications.transport_url, 'rabbit://n@other/')
  })

  it('are refused without a broker, or with an address that is none', (t) => {
    const enabled = `${KEYSTONE}[keystone_notifications]\nenable = true\n`
    assert.match(mistakesIn(t, enabled).join('\n'), /name no broker/)
    const wrong = `[DEFAULT]\ntransport_url = fake://\n${enabled}`
    assert.match(mistakesIn(t, wrong).join('\n'), /name no broker/)
    assert.deepEqual(mistakesIn(t, `${BROKER}${enabled}`), [])
    assert.deepEqual(mistakesIn(t, '[DEFAULT]\ntransport_url = fake://\n'), [])
  })

  it('are refused where there is no Keystone to ask, unless told not to ask it', (t) => {
    const enabled = `${BROKER}auth_strategy = token\n[keystone_notifications]\nenable = true\n`
    assert.match(mistakesIn(t, enabled).join('\n'), /there is no Keystone to ask/)
    assert.deepEqual(mistakesIn(t, `${enabled}confirm = false\n`), [])
    const polled =
      '[DEFAULT]\nauth_strategy = token\n[keystone_notifications]\npoll_interval = 1h\n'
    assert.match(mistakesIn(t, polled).join('\n'), /poll_interval.*no Keystone to ask/)
  })

  it('are refused with half a client certificate', (t) => {
    const half = '[oslo_messaging_rabbit]\nssl_cert_file = /a.pem\n'
    assert.match(mistakesIn(t, half).join('\n'), /belong together/)
  })
})
