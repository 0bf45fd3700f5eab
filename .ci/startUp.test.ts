import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The first five minutes, on a clone that has just seen `npm ci` and nothing else. */
const CLONE = join(import.meta.dirname, '..')
const STATE = join(CLONE, 'state')
const URL = 'http://127.0.0.1:9311'

interface Server {
  readonly process: ChildProcess
  readonly printed: () => string
  readonly exited: Promise<number | null>
}

const servers: Server[] = []

/** In a process group of its own, as a terminal would have it: Ctrl-C reaches all of the group. */
const start = (command: string, ...args: readonly string[]): Server => {
  const child = spawn(command, args, {
    cwd: CLONE,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk
    })
  const { promise, resolve } = Promise.withResolvers<number | null>()
  child.once('error', () => resolve(null))
  child.once('close', (code) => resolve(code))
  const server = { process: child, printed: () => printed, exited: promise }
  servers.push(server)
  return server
}

const signal = (server: Server, name: NodeJS.Signals): void => {
  const { pid, exitCode, signalCode } = server.process
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, name)
}

/** @returns milliseconds until /healthcheck said 200 */
const ready = async (server: Server, seconds: number): Promise<number> => {
  const begun = performance.now()
  while (performance.now() - begun < seconds * 1000) {
    const status = await fetch(`${URL}/healthcheck`).then(
      async (response) => {
        await response.arrayBuffer()
        return response.status
      },
      () => 0,
    )
    if (status === 200) return performance.now() - begun
    assert.equal(server.process.exitCode, null, `it ended: ${server.printed()}`)
    await delay(10)
  }
  throw new Error(`not ready after ${seconds} s: ${server.printed()}`)
}

const stopped = async (server: Server): Promise<number | null> => {
  signal(server, 'SIGINT')
  return server.exited
}

before(async () => {
  const probe = createServer()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  probe.once('error', reject).listen(9311, '127.0.0.1', resolve)
  await promise.catch((cause: unknown) => {
    throw new Error('port 9311 is taken, so nothing can be said about npm start', { cause })
  })
  await new Promise((closed) => probe.close(closed))
  if (existsSync(STATE)) throw new Error('this clone is not fresh: it has a state folder')
})
after(() => {
  for (const server of servers) signal(server, 'SIGKILL')
})

let token = ''
let ref = ''

test('npm start brings up a server that says where it listens and what to try', async () => {
  const server = start('npm', 'start')
  await ready(server, 30)
  const printed = server.printed()
  for (const word of ['127.0.0.1:9311', 'curl', 'openstack', 'gatehouse token issue'])
    assert.ok(printed.includes(word), `no ${word} in: ${printed}`)
})

test('what it keeps is for its own user alone', () => {
  assert.equal(statSync(STATE).mode & 0o777, 0o700)
  const names = readdirSync(STATE, { recursive: true, withFileTypes: true })
  assert.ok(names.length >= 3, 'database, keyring and signing key')
  for (const entry of names.filter((one) => one.isFile())) {
    const { mode } = statSync(join(entry.parentPath, entry.name))
    assert.equal(mode & 0o077, 0, `${entry.name} is open to others`)
  }
})

test('npx gatehouse token issue prints a token that stores and fetches a first secret', async () => {
  const args = ['gatehouse', 'token', 'issue', '--project', 'demo', '--role', 'creator']
  const { stdout } = await run('npx', args, { cwd: CLONE })
  token = stdout.trimEnd().split('\n').at(-1) ?? ''
  const created = await fetch(`${URL}/v1/secrets`, {
    method: 'POST',
    headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json' },
    body: JSON.stringify({ payload: 'the first one', payload_content_type: 'text/plain' }),
  })
  const text = await created.text()
  assert.equal(created.status, 201, text)
  ref = (JSON.parse(text) as { readonly secret_ref: string }).secret_ref
  const read = await fetch(`${ref}/payload`, { headers: { 'X-Auth-Token': token } })
  assert.equal(await read.text(), 'the first one')
})

/** Runs what people are told to type, and gives back all that it printed. The CLI is a peer's, from Debian. */
const typed = async (script: string): Promise<string> => {
  const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/bin:/bin` }
  const { stdout } = await run('sh', ['-euc', script], { cwd: CLONE, env, timeout: 60_000 })
  return stdout
}

test('the commands that npm start prints work as they stand', async () => {
  const printed = servers[0]?.printed() ?? ''
  const script = /Try it in another terminal:\n(.*)\nCtrl-C/s.exec(printed)?.[1]
  assert.ok(script !== undefined, printed)
  const output = await typed(script)
  const href = /"secret_ref": ?"([^"]+)"/.exec(output)?.[1]
  assert.ok(href !== undefined, output)
  // Once from curl, once in the list of the openstack command.
  assert.equal(output.split(href).length - 1, 2, output)
})

test("the README's first secret works as it stands", async () => {
  const readme = readFileSync(join(CLONE, 'README.md'), 'utf8')
  const section = /^## A first secret$(.*?)^## /ms.exec(readme)?.[1] ?? ''
  const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
  const commands = blocks
    .join('')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
  assert.ok(commands.length >= 5, section)
  const out = join(tmpdir(), `first-secret-${process.pid}`)
  // A reader puts the href that was just printed where the README has dots.
  const script = commands.flatMap((command) => [
    `${command.replaceAll(`${URL}/v1/secrets/...`, '$REF')} >>${out}`,
    `REF=$(grep -o '${URL}/v1/secrets/[0-9a-f-]*' ${out} | tail -n 1) || true`,
  ])
  const output = await typed([`: >${out}`, ...script, `cat ${out}`, `rm ${out}`].join('\n'))
  assert.equal(output.split('open sesame').length - 1, 2, output)
})

test('a second server on the same port is refused in one sentence', async () => {
  const second = start(process.execPath, 'bin/gatehouse.js', 'serve')
  assert.notEqual(await second.exited, 0)
  assert.match(second.printed(), /9311/)
  assert.ok(!second.printed().includes('    at '), `a stack trace: ${second.printed()}`)
})

test('Ctrl-C ends npm start with 0', async () => {
  const [server] = servers
  assert.ok(server !== undefined)
  assert.equal(await stopped(server), 0, server.printed())
})

test('a second start is ready within a second, and the secret is still there', async () => {
  const times: number[] = []
  // Other work on this machine may slow a round down; none can make one faster than it is.
  while (times.length < 8 && !times.some((ms) => ms < 1000)) {
    const server = start(process.execPath, 'bin/gatehouse.js', 'serve')
    times.push(await ready(server, 30))
    const read = await fetch(`${ref}/payload`, { headers: { 'X-Auth-Token': token } })
    assert.equal(await read.text(), 'the first one')
    assert.equal(await stopped(server), 0)
  }
  assert.ok(Math.min(...times) < 1000, `ready after ${times.map(Math.round).join(', ')} ms`)
})
