import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { describe, it } from 'node:test'
import { EXIT_CODES } from '../../../src/cli/exitCodes.ts'
import type { ComposeGatehouse } from '../../../src/cli/gatehouse.ts'
import { freshEnvironment, runCli } from '../../support/runCli.ts'

/** A server that only notes what is asked of it. */
function fakeServer(overrides: { readonly drain?: (graceMs: number) => Promise<void> } = {}) {
  const calls: string[] = []
  const { promise: isListening, resolve: listened } = Promise.withResolvers<void>()
  const compose: ComposeGatehouse = async () => ({
    async listen() {
      calls.push('listen')
      // The signal handlers of `serve` are in place by then.
      setImmediate(listened)
      return { addresses: ['http://127.0.0.1:1'] }
    },
    async drain(graceMs) {
      calls.push(`drain ${graceMs}`)
      await overrides.drain?.(graceMs)
    },
    async reload() {
      calls.push('reload')
    },
  })
  return { compose, calls, isListening }
}

function logOf(env: { readonly OS_DEFAULT__LOG_FILE: string }): string {
  return readFileSync(env.OS_DEFAULT__LOG_FILE, 'utf8')
}

describe('gatehouse serve', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`drains on ${signal} and ends with 0`, async (t) => {
      const env = freshEnvironment(t)
      const server = fakeServer()
      const run = runCli({ args: ['serve'], env, compose: server.compose })
      await server.isListening
      run.send(signal)
      assert.equal(await run.code, 0)
      assert.deepEqual(server.calls, ['listen', 'drain 30000'])
      assert.match(logOf(env), /"message":"stopped"/)
    })
  }

  it('makes the state folder for its own user alone', async (t) => {
    const env = freshEnvironment(t)
    const server = fakeServer()
    const run = runCli({ args: ['serve'], env, compose: server.compose })
    await server.isListening
    run.send('SIGTERM')
    await run.code
    assert.equal(statSync(env.STATE_DIRECTORY).mode & 0o777, 0o700)
  })

  it('takes the copies of one Ctrl-C for one, and does not wait after a second', async (t) => {
    const env = freshEnvironment(t)
    const { promise: drained, resolve: finish } = Promise.withResolvers<void>()
    const server = fakeServer({ drain: () => drained })
    const run = runCli({ args: ['serve'], env, compose: server.compose })
    await server.isListening
    run.send('SIGINT')
    run.wait(50)
    run.send('SIGINT')
    assert.deepEqual(run.endedWith, [])
    run.wait(1000)
    run.send('SIGINT')
    assert.deepEqual(run.endedWith, [EXIT_CODES.interrupted.code])
    await new Promise((resolve) => setImmediate(resolve))
    finish()
    assert.equal(await run.code, 0)
  })

  it('says where it listens and three commands to try when nothing was configured', async (t) => {
    const env = freshEnvironment(t)
    const server = fakeServer()
    const run = runCli({ args: ['serve'], env, compose: server.compose })
    await server.isListening
    run.send('SIGTERM')
    await run.code
    assert.match(run.out(), /listens on http:\/\/127\.0\.0\.1:1\n/)
    assert.match(run.out(), /token issue --project demo --role creator/)
    assert.match(run.out(), /\n {2}curl .*X-Auth-Token/)
    assert.match(
      run.out(),
      /--os-auth-type admin_token --os-endpoint http:\/\/127\.0\.0\.1:1\/v1 --os-token/,
    )
  })

  it('reloads on SIGHUP and goes on', async (t) => {
    const env = freshEnvironment(t)
    const server = fakeServer()
    const run = runCli({ args: ['serve'], env, compose: server.compose })
    await server.isListening
    run.send('SIGHUP')
    run.send('SIGTERM')
    assert.equal(await run.code, 0)
    assert.deepEqual(server.calls.slice(0, 2), ['listen', 'reload'])
  })

  it('logs an error nobody waited for and ends at once', async (t) => {
    const env = freshEnvironment(t)
    const server = fakeServer()
    const run = runCli({ args: ['serve'], env, compose: server.compose })
    await server.isListening
    run.stray(new TypeError('surprise'))
    assert.deepEqual(run.endedWith, [EXIT_CODES.bug.code])
    assert.match(logOf(env), /"level":"fatal".*"message":"surprise"/)
    run.send('SIGTERM')
    await run.code
  })

  it('ends with 70 and no stack when the start fails for no known reason; the log has it', async (t) => {
    const env = freshEnvironment(t)
    const compose: ComposeGatehouse = async () => {
      throw new TypeError('surprise of the start')
    }
    const run = runCli({ args: ['serve'], env, compose })
    assert.equal(await run.code, EXIT_CODES.bug.code)
    assert.equal(
      run.err(),
      'gatehouse: Something failed that should not have (TypeError); the log has the cause.\n',
    )
    assert.match(logOf(env), /surprise of the start/)
  })

  it('closes what was built when it cannot listen', async (t) => {
    const calls: string[] = []
    const compose: ComposeGatehouse = async () => ({
      listen: async () => {
        throw Object.assign(new Error('listen'), { code: 'EADDRINUSE', address: '::1', port: 9311 })
      },
      drain: async () => void calls.push('drain'),
    })
    const run = runCli({ args: ['serve'], env: freshEnvironment(t), compose })
    assert.equal(await run.code, EXIT_CODES.address.code)
    assert.equal(
      run.err(),
      'gatehouse: [::1]:9311 is in use by another process: stop it, or set another bind_port.\n',
    )
    assert.deepEqual(calls, ['drain'])
  })

  it('refuses a state folder that everybody may look into', async (t) => {
    const env = freshEnvironment(t)
    mkdirSync(env.STATE_DIRECTORY)
    chmodSync(env.STATE_DIRECTORY, 0o755)
    const run = runCli({ args: ['serve'], env })
    assert.equal(await run.code, EXIT_CODES.state.code)
    assert.match(run.err(), /open to every user.*chmod 0700/)
    assert.ok(!existsSync(env.OS_DEFAULT__LOG_FILE))
  })

  it('refuses a log file that cannot be written', async (t) => {
    const env = { ...freshEnvironment(t), OS_DEFAULT__LOG_FILE: '/dev/null/x.log' }
    const run = runCli({ args: ['serve'], env })
    assert.equal(await run.code, EXIT_CODES.refused.code)
    assert.match(
      run.err(),
      /^gatehouse: The log \/dev\/null\S* cannot be opened for writing: \w+\.\n$/,
    )
  })

  it('names files, strategy and oddities in the first log lines, and no password', async (t) => {
    const env = {
      ...freshEnvironment(t),
      OS_DATABASE__CONNECTION: 'sqlite:////nowhere/at/all.sqlite',
      OS_KEYSTONE_AUTHTOKEN__AUTH_URL: 'https://k:5000',
      OS_KEYSTONE_AUTHTOKEN__USERNAME: 'u',
      OS_KEYSTONE_AUTHTOKEN__PASSWORD: 'hunter2',
      OS_KEYSTONE_AUTHTOKEN__PROJECT_NAME: 'service',
      OS_KEYSTONE_AUTHTOKEN__INSECURE: 'true',
      OS_KEYSTONE_AUTHTOKEN__MEMCACHED_SERVERS: 'a:1,b:2',
    }
    const server = fakeServer()
    const run = runCli({ args: ['serve'], env, compose: server.compose })
    await server.isListening
    run.send('SIGTERM')
    assert.equal(await run.code, 0)
    const log = logOf(env)
    assert.match(log, /"strategy":"keystone"/)
    assert.match(log, /certificate is not checked/)
    assert.match(log, /memcached_servers has no effect/)
    assert.ok(!log.includes('hunter2'))
  })
})
