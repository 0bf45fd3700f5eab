import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, test } from 'node:test'
import { AnybodysProxyWords, TrustedProxyWords } from '../../../src/http/forwarded.ts'
import { Peers, TrustedProxies } from '../../../src/http/peers.ts'

function requestFrom(address: string, headers: Readonly<Record<string, string>>, isUnix = false) {
  const peers = new Peers()
  const socket = new Socket()
  if (isUnix) peers.arrived(socket, true)
  else peers.speaksFor(socket, address)
  const request = { headers, socket } as unknown as IncomingMessage
  return { peers, request }
}

const PROXY = '10.0.0.1'
const TRUSTED = ['10.0.0.0/24', 'fd00::/64', '192.0.2.7']

describe("the client's address behind trusted proxies", () => {
  const rows: readonly (readonly [
    string,
    'x-forwarded' | 'forwarded',
    string,
    Record<string, string>,
    string,
  ])[] = [
    [
      'is what the proxy says',
      'x-forwarded',
      PROXY,
      { 'x-forwarded-for': '203.0.113.9' },
      '203.0.113.9',
    ],
    [
      'is what the nearest one added, not what the client made up',
      'x-forwarded',
      PROXY,
      { 'x-forwarded-for': '1.1.1.1, 203.0.113.9' },
      '203.0.113.9',
    ],
    [
      'goes past every proxy that is trusted',
      'x-forwarded',
      PROXY,
      { 'x-forwarded-for': '203.0.113.9, 10.0.0.8, 192.0.2.7' },
      '203.0.113.9',
    ],
    [
      'is the outermost proxy when all are',
      'x-forwarded',
      PROXY,
      { 'x-forwarded-for': '10.0.0.9, 10.0.0.8' },
      '10.0.0.9',
    ],
    [
      'loses its port',
      'x-forwarded',
      PROXY,
      { 'x-forwarded-for': '203.0.113.9:4711' },
      '203.0.113.9',
    ],
    [
      'may be IPv6',
      'x-forwarded',
      'fd00::5',
      { 'x-forwarded-for': '[2001:db8::1]:4711' },
      '2001:db8::1',
    ],
    [
      'stops at what is no address',
      'x-forwarded',
      PROXY,
      { 'x-forwarded-for': '203.0.113.9, unknown' },
      PROXY,
    ],
    ['is the connection where the header is missing', 'x-forwarded', PROXY, {}, PROXY],
    [
      'is the connection where the peer is not trusted',
      'x-forwarded',
      '10.0.1.1',
      { 'x-forwarded-for': '203.0.113.9' },
      '10.0.1.1',
    ],
    [
      'does not come from the other kind of header',
      'x-forwarded',
      PROXY,
      { forwarded: 'for=1.1.1.1' },
      PROXY,
    ],
    ['nor the other way round', 'forwarded', PROXY, { 'x-forwarded-for': '1.1.1.1' }, PROXY],
    [
      'is read from Forwarded',
      'forwarded',
      PROXY,
      { forwarded: 'for=1.1.1.1, For="[2001:db8::2]:80";proto=https' },
      '2001:db8::2',
    ],
    [
      'stops at a hidden element',
      'forwarded',
      PROXY,
      { forwarded: 'for=1.1.1.1, for=_gazonk' },
      PROXY,
    ],
    [
      'knows IPv4 in IPv6',
      'x-forwarded',
      '::ffff:10.0.0.1',
      { 'x-forwarded-for': '203.0.113.9' },
      '203.0.113.9',
    ],
  ]
  for (const [name, kind, from, headers, expected] of rows) {
    test(name, () => {
      const { peers, request } = requestFrom(from, headers)
      const words = new TrustedProxyWords({
        peers,
        trusted: new TrustedProxies(TRUSTED),
        headers: kind,
      })
      assert.equal(words.addressOf(request), expected)
    })
  }

  test('a Unix socket is believed only where the list says unix', () => {
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' }
    for (const [list, address, proto] of [
      [['unix'], '203.0.113.9', 'https'],
      [TRUSTED, '', undefined],
    ] as const) {
      const { peers, request } = requestFrom('', headers, true)
      const words = new TrustedProxyWords({
        peers,
        trusted: new TrustedProxies(list),
        headers: 'x-forwarded',
      })
      assert.equal(words.addressOf(request), address)
      assert.equal(words.targetOf(request).proto, proto)
    }
  })

  test('a connection that broke before anybody looked is no Unix socket', () => {
    const peers = new Peers()
    const request = {
      headers: { 'x-forwarded-for': '203.0.113.9' },
      socket: new Socket(),
    } as unknown as IncomingMessage
    const trusted = new TrustedProxies(['unix'])
    const words = new TrustedProxyWords({ peers, trusted, headers: 'x-forwarded' })
    assert.equal(words.addressOf(request), '')
  })
})

describe('scheme, host and prefix', () => {
  const headers = {
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'outside',
    'x-forwarded-prefix': '/kms',
    forwarded: 'host=forwarded;proto=http',
  }

  test('come from the headers that trusted proxies set, and from nobody else', () => {
    const target = (from: string, kind: 'x-forwarded' | 'forwarded') => {
      const { peers, request } = requestFrom(from, headers)
      const trusted = new TrustedProxies(TRUSTED)
      return new TrustedProxyWords({ peers, trusted, headers: kind }).targetOf(request)
    }
    assert.deepEqual(target(PROXY, 'x-forwarded'), {
      proto: 'https',
      host: 'outside',
      prefix: '/kms',
    })
    assert.deepEqual(target(PROXY, 'forwarded'), { proto: 'http', host: 'forwarded' })
    assert.deepEqual(target('10.0.1.1', 'x-forwarded'), {})
  })

  test('without a list it is all or X-Forwarded-Proto alone; the address stays that of the connection', () => {
    const { peers, request } = requestFrom(PROXY, { ...headers, 'x-forwarded-for': '203.0.113.9' })
    const all = new AnybodysProxyWords({ parsesAll: true, peers })
    const some = new AnybodysProxyWords({ parsesAll: false, peers })
    assert.deepEqual(all.targetOf(request), { proto: 'http', host: 'forwarded', prefix: '/kms' })
    assert.deepEqual(some.targetOf(request), { proto: 'https' })
    assert.equal(all.addressOf(request), PROXY)
    assert.equal(some.addressOf(request), PROXY)
  })
})
