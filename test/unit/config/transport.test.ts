import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadedFrom, mistakesIn } from './loadedFrom.ts'

const PAIR = '[ssl]\ncert_file = /c.pem\nkey_file = /k.pem\n'

describe('settings of TLS', () => {
  it('are off by default, and the address is http', (t) => {
    const { settings } = loadedFrom(t, '')
    assert.deepEqual(settings.certificates, [])
    assert.equal(settings.DEFAULT.host_href, 'http://127.0.0.1:9311')
  })

  it('with a certificate make the address https, and ask nobody for one', (t) => {
    const { settings } = loadedFrom(t, PAIR)
    assert.equal(settings.DEFAULT.host_href, 'https://127.0.0.1:9311')
    assert.deepEqual(settings.certificates, [
      {
        name: 'default',
        serverNames: [],
        certFile: '/c.pem',
        keyFile: '/k.pem',
        caFile: undefined,
        clientCertificates: 'none',
        clientNames: [],
      },
    ])
  })

  it('with a CA want a client certificate, as oslo.service does', (t) => {
    const { settings } = loadedFrom(t, `${PAIR}ca_file = /ca.pem\n`)
    assert.equal(settings.certificates[0]?.clientCertificates, 'required')
  })

  it('are found under their old names', (t) => {
    const { settings } = loadedFrom(t, '[DEFAULT]\ncert_file = /c.pem\nkey_file = /k.pem\n')
    assert.equal(settings.certificates[0]?.certFile, '/c.pem')
  })

  it('of a further certificate come from its section, and from [ssl] where it is silent', (t) => {
    const both = `${PAIR}ca_file = /ca.pem\nclient_names = nova\n[ssl:own]\nserver_names = a.x,*.B.x\ncert_file=/a\nkey_file=/b\nca_file=/d\n[ssl:same]\nserver_names=c\ncert_file=/a\nkey_file=/b\n`
    const [, own, same] = loadedFrom(t, both).settings.certificates
    assert.deepEqual(
      [own?.name, own?.serverNames, own?.caFile, own?.clientCertificates, own?.clientNames],
      ['own', ['a.x', '*.b.x'], '/d', 'required', []],
    )
    assert.deepEqual([same?.caFile, same?.clientNames], ['/ca.pem', ['nova']])
  })

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['a certificate without its key', '[ssl]\ncert_file = /c\n', /key_file is missing/],
    ['a key without its certificate', '[ssl]\nkey_file = /c\n', /cert_file is missing/],
    [
      'client certificates without a CA',
      `${PAIR}client_certificates = optional\n`,
      /needs ca_file/,
    ],
    ['names of clients nobody asks', `${PAIR}client_names = nova\n`, /nobody would be asked/],
    [
      'both schemes without a certificate',
      '[ssl]\nallow_clear_text = yes\n',
      /there is no cert_file/,
    ],
    [
      'a further certificate without names',
      `${PAIR}[ssl:x]\ncert_file=/a\nkey_file=/b\n`,
      /server_names is missing/,
    ],
    [
      'a further certificate alone',
      '[ssl:x]\nserver_names=a\ncert_file=/a\nkey_file=/b\n',
      /\[ssl\] cert_file is missing/,
    ],
    [
      'one name twice',
      `${PAIR}[ssl:x]\nserver_names=a\ncert_file=/a\nkey_file=/b\n[ssl:y]\nserver_names=A\ncert_file=/a\nkey_file=/b\n`,
      /and so has \[ssl:x\]/,
    ],
    ['a name that is none', `${PAIR}[ssl:x]\nserver_names=a b\n`, /list of host names/],
    ['an old version', `${PAIR}version = TLSv1_1\n`, /one of sslv23, tlsv1_2, tlsv1_3/],
    [
      'a suite without forward secrecy',
      `${PAIR}ciphers = AES256-GCM-SHA384\n`,
      /ECDHE-ECDSA-AES256-GCM-SHA384/,
    ],
    ['an expression of suites', `${PAIR}ciphers = HIGH:!aNULL\n`, /separated by colons/],
    ['an option nobody knows', `${PAIR}client_cert = required\n`, /\[ssl\] client_cert is unknown/],
    [
      'an option of a further certificate nobody knows',
      `${PAIR}[ssl:x]\nserver_names=a\ncert_file=/a\nkey_file=/b\nprofile=strict\n`,
      /\[ssl:x\] profile is unknown/,
    ],
    [
      'PROXY headers from everybody',
      '[listener]\nproxy_protocol = true\n',
      /trusted_proxies is empty/,
    ],
    [
      'a network that is none',
      '[listener]\ntrusted_proxies = 10.0.0.0/33\n',
      /IP addresses, networks/,
    ],
    ['a proxy by name', '[listener]\ntrusted_proxies = proxy1\n', /IP addresses, networks/],
    ['a mode that is none', '[listener]\nsocket_mode = 0888\n', /octal mode/],
    [
      'noauth on a socket of unknown reach',
      '[DEFAULT]\nauth_strategy = noauth\nbind_host = systemd\n',
      /listen on 127/,
    ],
  ]
  for (const [name, text, sentence] of refused) {
    it(`refuse ${name}`, (t) => {
      assert.match(mistakesIn(t, text).join('\n'), sentence)
    })
  }

  it('of the listener take addresses, networks and unix', (t) => {
    const { settings } = loadedFrom(
      t,
      '[listener]\ntrusted_proxies = 10.0.0.1, fd00::/64, unix\nproxy_protocol = true\nsocket_mode = 660\n',
    )
    assert.deepEqual(settings.listener.trusted_proxies, ['10.0.0.1', 'fd00::/64', 'unix'])
    assert.equal(settings.listener.socket_mode, 0o660)
  })

  it('leave the address to the request where systemd opens the socket', (t) => {
    const { settings } = loadedFrom(t, `${PAIR}[DEFAULT]\nbind_host = systemd:api\n`)
    assert.equal(settings.DEFAULT.host_href, '')
  })
})
