import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { ClientConnections } from '../../../src/http/clientConnections.ts'
import { Listener, type ListenerOptions } from '../../../src/http/listener.ts'
import { Peers, TrustedProxies } from '../../../src/http/peers.ts'
import { proxyHeader2 } from '../../support/proxyHeaders.ts'
import { PemFolder, pkiNamed } from '../../support/testPki.ts'
import {
  LISTENER,
  NO_CLIENTS,
  openTlsListener,
  portOf,
  schemeApp,
} from '../../support/tlsListener.ts'

interface Test {
  after(work: () => unknown): unknown
}

const KEEP = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
const TOO_MANY = 'too many connections of one client'

async function openWith(t: Test, trustedList: readonly string[], more: Partial<ListenerOptions>) {
  const trusted = new TrustedProxies(trustedList)
  const clientConnections = new ClientConnections(2, trusted)
  const refused: string[] = []
  const listener = new Listener({
    ...LISTENER,
    peers: new Peers(),
    clientConnections,
    onRefused: (reason, address) => void refused.push(`${reason} ${address}`),
    ...more,
  })
  const port = portOf(await listener.open(schemeApp()))
  t.after(() => listener.drain(0))
  return { port, refused, clientConnections, trusted }
}

/** A connection from this address. @returns true when it was answered, false when it was closed instead */
function asks(socket: Socket, before: Buffer = Buffer.alloc(0)): Promise<boolean> {
  socket.on('error', () => undefined)
  socket.write(before)
  socket.write(KEEP)
  return new Promise((resolve) => {
    socket.once('data', () => resolve(true)).once('close', () => resolve(false))
  })
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2_000 && !isTrue(); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.ok(isTrue())
}

test('one client has so many connections and no more, others have theirs, and a closed one counts no longer', async (t) => {
  const { port, refused, clientConnections } = await openWith(t, [], {})
  const from = (localAddress: string): Socket => connect({ port, host: '127.0.0.1', localAddress })
  const held = [from('127.0.0.1'), from('127.0.0.1')]
  for (const socket of held) assert.ok(await asks(socket))
  assert.equal(await asks(from('127.0.0.1')), false)
  assert.deepEqual(refused, [`${TOO_MANY} 127.0.0.1`])
  const other = from('127.0.0.2')
  assert.ok(await asks(other))
  for (const socket of held) socket.destroy()
  await until(() => clientConnections.clients === 1)
  const again = from('127.0.0.1')
  assert.ok(await asks(again))
  again.destroy()
  other.destroy()
  await until(() => clientConnections.clients === 0)
})

test('a handshake that stands still counts as well', async (t) => {
  const pki = await pkiNamed('first')
  const files = new PemFolder(t).put('server', await pki.issue())
  const refused: string[] = []
  const { port } = await openTlsListener(t, {
    certificates: [
      { ...files, name: 'default', serverNames: [], caFile: undefined, clients: NO_CLIENTS },
    ],
    listener: {
      clientConnections: new ClientConnections(2, new TrustedProxies([])),
      onRefused: (reason) => void refused.push(reason),
    },
  })
  const silent = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
  for (const socket of silent) await once(socket, 'connect')
  const secure = (): Socket =>
    connectTls({ port, host: '127.0.0.1', ca: pki.caPem, servername: 'localhost' })
  assert.equal(await asks(secure()), false)
  assert.deepEqual(refused, [TOO_MANY])
  for (const socket of silent) socket.destroy()
})

test('a proxy that is trusted has as many as it likes, and its headers change nothing about that', async (t) => {
  const { port } = await openWith(t, ['127.0.0.1'], {})
  const sockets = Array.from({ length: 10 }, () => connect(port, '127.0.0.1'))
  for (const socket of sockets) assert.ok(await asks(socket))
  for (const socket of sockets) socket.destroy()
})

test('where a PROXY header says for whom, that client counts, and not the proxy', async (t) => {
  const proxies = new TrustedProxies(['127.0.0.1'])
  const { port, refused } = await openWith(t, ['127.0.0.1'], { proxies })
  const header = (address: string): Buffer =>
    proxyHeader2(address, address.includes(':') ? '::1' : '10.0.0.1', 4711)
  const sockets: Socket[] = []
  const ask = (address: string): Promise<boolean> => {
    const socket = connect(port, '127.0.0.1')
    sockets.push(socket)
    return asks(socket, header(address))
  }
  assert.ok(await ask('203.0.113.9'))
  assert.ok(await ask('203.0.113.9'))
  assert.equal(await ask('203.0.113.9'), false)
  assert.ok(await ask('203.0.113.10'))
  // Whoever has one address of a /64 has them all.
  assert.ok(await ask('2001:db8:1:2::1'))
  assert.ok(await ask('2001:db8:1:2::2'))
  assert.equal(await ask('2001:db8:1:2::3'), false)
  assert.ok(await ask('2001:db8:1:3::1'))
  assert.deepEqual(refused, [`${TOO_MANY} 203.0.113.9`, `${TOO_MANY} 2001:db8:1:2::3`])
  for (const socket of sockets) socket.destroy()
})

test('beyond the connections that all may have, a new one is closed and counted', async (t) => {
  const { port, refused } = await openWith(t, ['127.0.0.0/8'], { maxConnections: 3 })
  const held = [1, 2, 3].map(() => connect(port, '127.0.0.1'))
  for (const socket of held) assert.ok(await asks(socket))
  assert.equal(await asks(connect(port, '127.0.0.1')), false)
  assert.deepEqual(refused, ['too many connections 127.0.0.1'])
  for (const socket of held) socket.destroy()
})
