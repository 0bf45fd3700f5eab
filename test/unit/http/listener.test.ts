import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Koa from 'koa'
import { Listener, type ListenerOptions } from '../../../src/http/listener.ts'
import { listen } from '../../support/wire.ts'

function listenerOf(options: Partial<ListenerOptions> = {}): Listener {
  return new Listener({
    bindHost: '127.0.0.1',
    bindPort: 0,
    keepAliveMs: 60_000,
    requestTimeoutMs: 10_000,
    headersTimeoutMs: 10_000,
    backlog: 100,
    maxConnections: 100,
    ...options,
  })
}

function hello(): Koa {
  return new Koa().use((context) => {
    context.body = 'hello'
  })
}

const GET = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

test('far more requests at once than are started together are all answered', async (t) => {
  const listener = listenerOf({ maxConnections: 1000 })
  const origin = await listener.open(hello())
  t.after(() => listener.drain(0))
  const sockets = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const socket = connect(Number(new URL(origin).port), '127.0.0.1')
      await once(socket, 'connect')
      return socket
    }),
  )
  const answers = sockets.map((socket) => listen(socket))
  for (const socket of sockets) socket.write(GET)
  for (const answer of answers) assert.deepEqual((await answer).statuses, [200])
})

test('a Unix socket is for its owner alone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-socket-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'api.sock')
  const listener = listenerOf({ bindHost: `unix:${path}` })
  assert.equal(await listener.open(hello()), `unix:${path}`)
  t.after(() => listener.drain(0))
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  const socket = connect(path)
  socket.write(GET)
  assert.deepEqual((await listen(socket)).statuses, [200])
})

test('a socket that a killed process left is taken over, one that somebody answers is not', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-socket-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'api.sock')
  await leaveSocket(path)
  const first = listenerOf({ bindHost: `unix:${path}` })
  await first.open(hello())
  t.after(() => first.drain(0))
  const second = listenerOf({ bindHost: `unix:${path}` })
  await assert.rejects(second.open(hello()), { code: 'EADDRINUSE' })
  assert.equal((await stat(path)).mode & 0o777, 0o600)
})

/** A process that listens there, and is killed. */
async function leaveSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(process.argv[1], () => console.log('up'))`
  const child = spawn(process.execPath, ['-e', script, path], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'close')
  assert.ok((await lstat(path)).isSocket())
}

test('what is no socket is never removed, wherever bind_host points', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-socket-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'precious')
  await writeFile(path, 'data')
  await assert.rejects(listenerOf({ bindHost: `unix:${path}` }).open(hello()), /is no socket/)
  assert.equal(await readFile(path, 'utf8'), 'data')
})

test('a Unix socket has the mode, owner and group it is told, and is closed to others before', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-socket-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'api.sock')
  const { gid } = userInfo()
  const socketAccess = { mode: 0o660, owner: undefined, group: String(gid) }
  const listener = listenerOf({ bindHost: `unix:${path}`, socketAccess })
  const before = process.umask()
  const opening = listener.open(hello())
  const seen = new Set<number>()
  while (!seen.has(0o660)) {
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined) seen.add(found.mode & 0o777)
  }
  await opening
  t.after(() => listener.drain(0))
  assert.deepEqual(
    [...seen].filter((mode) => mode !== 0o600 && mode !== 0o660),
    [],
  )
  assert.equal((await stat(path)).gid, gid)
  assert.equal(process.umask(), before)
  const wrong = { mode: 0o660, owner: undefined, group: 'no-such-group' }
  const other = listenerOf({ bindHost: `unix:${path}2`, socketAccess: wrong })
  await assert.rejects(other.open(hello()), /socket_group is no-such-group/)
  await other.drain(0)
})

test('sockets that were not handed over are asked for in vain', async () => {
  const inherited = [{ fd: 99, name: 'admin' }]
  const listener = listenerOf({ bindHost: 'systemd:api', inherited })
  await assert.rejects(listener.open(hello()), /no such socket \(admin\)/)
  await listener.drain(0)
})

test('a port in use is an error that says so', async (t) => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => other.close(resolve)))
  const address = other.address()
  const bindPort = typeof address === 'object' ? address?.port : undefined
  await assert.rejects(listenerOf({ bindPort: bindPort ?? 0 }).open(hello()), {
    code: 'EADDRINUSE',
  })
})

test('an idle connection survives longer than clients pause, and ends soon after draining begins', async (t) => {
  const listener = listenerOf()
  const { port } = new URL(await listener.open(hello()))
  t.after(() => listener.drain(0))
  const socket = connect(Number(port), '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const heard = listen(socket)
  const first = await new Promise<string>((resolve) =>
    socket.once('data', (it) => resolve(String(it))),
  )
  assert.match(first, /\r\nKeep-Alive: timeout=60\r\n/)
  const drained = listener.drain(2_000)
  assert.ok((await heard).isClosed)
  await drained
})

test('a request that came while the process was held up is answered, however late it drains', async (t) => {
  const listener = listenerOf()
  const { port } = new URL(await listener.open(hello()))
  t.after(() => listener.drain(0))
  const socket = connect(Number(port), '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const heard = listen(socket)
  await once(socket, 'data')
  const drained = listener.drain(10_000)
  socket.write(GET)
  // The bytes are with the kernel, and idle connections are due to be closed before anybody has read them.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600)
  assert.deepEqual((await heard).statuses, [200, 200])
  await drained
})

test('what does not finish within the grace is cut', async () => {
  const listener = listenerOf()
  const { promise, resolve } = Promise.withResolvers<void>()
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const app = new Koa().use(() => {
    begin()
    return promise
  })
  const { port } = new URL(await listener.open(app))
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(GET)
  const heard = listen(socket)
  await begun
  await listener.drain(50)
  assert.deepEqual((await heard).statuses, [])
  resolve()
})

test('draining twice, or before opening, is nothing', async () => {
  const unopened = listenerOf()
  await unopened.drain(10)
  const listener = listenerOf()
  await listener.open(hello())
  await Promise.all([listener.drain(10), listener.drain(10)])
  assert.ok(listener.isDraining)
})
