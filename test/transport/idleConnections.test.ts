import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { PemFolder, pkiNamed } from '../support/testPki.ts'
import { TransportServer, until } from './server.ts'

const MANY = 10_000
const MANY_OVER_TLS = 2_000
const OPENED_TOGETHER = 200
/** What clients may rely on, whatever the default is. */
const PROMISED_MS = 75_000
/** Far above what is seen, and far below what would fill a machine. */
const MOST_BYTES_EACH = 128 * 1_024
const FILES_WANTED = MANY + 2_000
/** Short enough to wait for, and long enough for a slow machine to ask once more. */
const KEPT_MS = 8_000

const KEEP = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** A connection that has asked once and keeps quiet. */
class IdleConnection {
  readonly #socket: Socket
  #heard = ''
  #whenHeard: (isWhole: boolean) => void = () => undefined
  askedAtMs = 0
  closedAtMs: number | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.closedAtMs = performance.now()
      this.#whenHeard(false)
    })
    socket.on('data', (chunk: Buffer) => {
      this.#heard += chunk.toString('latin1')
      if (isWhole(this.#heard)) this.#whenHeard(true)
    })
  }

  /** @returns the answer, empty when there came none */
  async ask(): Promise<string> {
    this.#heard = ''
    this.askedAtMs = performance.now()
    const answered = new Promise<boolean>((resolve) => {
      this.#whenHeard = resolve
    })
    this.#socket.write(KEEP)
    const heard = (await answered) ? this.#heard : ''
    this.#heard = ''
    return heard
  }

  end(): void {
    this.#socket.destroy()
  }
}

function isWhole(answer: string): boolean {
  const [head, body] = answer.split('\r\n\r\n')
  const length = /^content-length: (\d+)/im.exec(head ?? '')?.[1]
  return body !== undefined && body.length === Number(length)
}

/** Opened in groups, from several of this machine's addresses, each asked once. */
async function opened(
  t: TestContext,
  count: number,
  open: (address: string) => Socket,
): Promise<readonly IdleConnection[]> {
  const all: IdleConnection[] = []
  t.after(() => {
    for (const one of all) one.end()
  })
  while (all.length < count) {
    const group = Array.from(
      { length: Math.min(OPENED_TOGETHER, count - all.length) },
      (_, index) => {
        return new IdleConnection(open(`127.0.5.${(index % 20) + 1}`))
      },
    )
    all.push(...group)
    for (const answer of await Promise.all(group.map((one) => one.ask()))) {
      assert.match(answer, /^HTTP\/1\.1 300 /)
      assert.match(answer, /^Keep-Alive: timeout=\d+\r$/im)
    }
  }
  return all
}

/** Files that this process, and what it starts, may have open: raised where that is too few. */
function allowManyFiles(): void {
  const limit = /^Max open files +\d+ +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  if (Number(limit) >= FILES_WANTED) return
  const pid = String(process.pid)
  execFileSync('prlimit', ['--pid', pid, `--nofile=${FILES_WANTED}:${FILES_WANTED}`])
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024
}

async function startedServer(
  t: TestContext,
  gatehouse: Readonly<Record<string, string>>,
  ssl: Readonly<Record<string, string>> = {},
): Promise<TransportServer> {
  const server = await TransportServer.of(t)
  server.configure({
    DEFAULT: { debug: 'false' },
    ssl,
    gatehouse: { access_log: 'none', audit_log: 'false', ...gatehouse },
  })
  server.start()
  await server.told('listening')
  return server
}

function asking(t: TestContext, server: TransportServer, token: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  return (method: string, path: string, body?: string): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const headers = { 'x-auth-token': token, 'content-type': 'application/json', accept: '*/*' }
      request({ agent, port: server.port, host: '127.0.0.1', method, path, headers })
        .once('response', async (response) => {
          resolve({ status: response.statusCode ?? 0, text: await text(response) })
        })
        .once('error', reject)
        .end(body)
    })
}

test('ten thousand idle connections are kept as long as is promised, and cost others nothing', {
  timeout: 900_000,
}, async (t) => {
  allowManyFiles()
  const server = await startedServer(t, { max_connections: String(MANY + 100) })
  const ask = asking(t, server, await server.token())
  const secret = { payload: 'still here', payload_content_type: 'text/plain' }
  const stored = await ask('POST', '/v1/secrets', JSON.stringify(secret))
  const { pathname } = new URL((JSON.parse(stored.text) as { secret_ref: string }).secret_ref)
  // Warm, so that what grows from here on is connections.
  for (let time = 0; time < 500; time += 1) await ask('GET', '/')
  const before = residentBytes(server.pid)

  const idle = await opened(t, MANY, (localAddress) =>
    connect({ port: server.port, host: '127.0.0.1', localAddress }),
  )
  const each = (residentBytes(server.pid) - before) / MANY
  t.diagnostic(
    `${MANY} idle connections: ${(each / 1_024).toFixed(1)} KiB each, on ${(before / 2 ** 20).toFixed(0)} MiB`,
  )
  assert.ok(each < MOST_BYTES_EACH, `${each} bytes for each connection`)

  const lastAskedMs = Math.max(...idle.map(({ askedAtMs }) => askedAtMs))
  let asked = 0
  while (performance.now() < lastAskedMs + PROMISED_MS) {
    assert.equal((await ask('GET', '/healthcheck')).status, 200)
    assert.deepEqual(await ask('GET', `${pathname}/payload`), { status: 200, text: 'still here' })
    assert.equal((await ask('GET', '/v1/secrets')).status, 200)
    asked += 3
    await delay(50)
  }
  t.diagnostic(`${asked} requests of others meanwhile, all answered`)
  // Those that were opened first have been quiet for longer than is promised; the promise is what counts.
  const early = idle.filter(
    ({ askedAtMs, closedAtMs }) => closedAtMs !== undefined && closedAtMs - askedAtMs < PROMISED_MS,
  )
  assert.equal(early.length, 0)
  const open = idle.filter(({ closedAtMs }) => closedAtMs === undefined)
  t.diagnostic(`${open.length} of ${MANY} are open after ${PROMISED_MS / 1_000} s`)
  assert.ok(open.length > 0)

  const { code } = (await server.stop()) ?? {}
  assert.equal(code, 0)
  await until(() => idle.every(({ closedAtMs }) => closedAtMs !== undefined), 'all are closed')
})

test('thousands of idle connections over TLS, and their price', { timeout: 900_000 }, async (t) => {
  const { caPem: ca, issue } = await pkiNamed('idle')
  const files = new PemFolder(t).put('server', await issue())
  const ssl = { cert_file: files.certFile, key_file: files.keyFile }
  // To open and to ask all of them may take a slow machine longer than the default.
  const server = await startedServer(t, { keep_alive_timeout: '900' }, ssl)
  const over = (localAddress: string): Socket => {
    const socket = connect({ port: server.port, host: '127.0.0.1', localAddress })
    return connectTls({ socket, ca, servername: 'localhost' })
  }
  const [first] = await opened(t, 1, over)
  for (let time = 0; time < 500; time += 1) await first?.ask()
  const before = residentBytes(server.pid)
  const idle = await opened(t, MANY_OVER_TLS, over)
  const each = (residentBytes(server.pid) - before) / MANY_OVER_TLS
  t.diagnostic(`${MANY_OVER_TLS} idle connections over TLS: ${(each / 1_024).toFixed(1)} KiB each`)
  assert.ok(each < MOST_BYTES_EACH, `${each} bytes for each connection`)
  for (const one of idle) assert.match(await one.ask(), /^HTTP\/1\.1 300 /)
})

test('an idle connection is closed when the time that every answer announces is over, and not before', async (t) => {
  const server = await startedServer(t, { keep_alive_timeout: String(KEPT_MS / 1_000) })
  const idle = await opened(t, 100, () => connect(server.port, '127.0.0.1'))
  for (const answer of await Promise.all(idle.map((one) => one.ask()))) {
    assert.match(answer, /^Keep-Alive: timeout=8\r$/im)
  }
  while (idle.some(({ closedAtMs }) => closedAtMs === undefined)) await delay(50)
  const shortest = Math.min(...idle.map((one) => (one.closedAtMs ?? 0) - one.askedAtMs))
  assert.ok(shortest >= KEPT_MS, `${shortest} ms`)
})
