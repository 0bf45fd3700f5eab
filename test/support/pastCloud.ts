import assert from 'node:assert/strict'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { runBarbicanManage } from '../../src/cli/barbicanManage.ts'
import type { ComposeGatehouse } from '../../src/cli/gatehouse.ts'
import { compose } from '../../src/compose.ts'
import type { Environment } from '../../src/config/environment.ts'
import { DoorClock } from './doorClock.ts'
import { freshEnvironment, runCli } from './runCli.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

/** A year in which all that expires has expired by now. */
const LONG_AGO = '2001-01-01T00:00:00Z'
export const PAYLOAD = 'horse battery staple'

/** A database with two expired secrets, one that lives and one deleted, and the server that made them. */
export async function pastCloud(t: CleansUp, count = 2, settings: Environment = {}) {
  const env = {
    ...freshEnvironment(t),
    OS_DEFAULT__AUTH_STRATEGY: 'noauth',
    OS_DEFAULT__BIND_HOST: '127.0.0.1',
    ...settings,
  }
  const clock = new DoorClock()
  clock.set(LONG_AGO)
  const { promise: address, resolve } = Promise.withResolvers<string>()
  const past: ComposeGatehouse = async (settings, { log }) => {
    const gatehouse = await compose(settings, { log, clock })
    return {
      ...gatehouse,
      listen: async () => {
        const listening = await gatehouse.listen()
        setImmediate(() => resolve(listening.addresses[0] ?? ''))
        return listening
      },
    }
  }
  const server = runCli({ args: ['serve'], env, compose: past })
  const ended = server.code.then((code) => assert.fail(`ended with ${code}: ${server.err()}`))
  let isStopped = false
  const stop = async () => {
    if (isStopped) return
    isStopped = true
    server.send('SIGTERM')
    assert.equal(await server.code, 0)
  }
  t.after(stop)
  const base = await Promise.race([address, ended])
  const ask = (method: string, path: string, body?: object) =>
    fetch(`${base}${path}`, {
      method,
      headers: {
        'X-Project-Id': 'p',
        'X-Roles': 'admin',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const add = async (fields: object): Promise<string> => {
    const text = { payload: PAYLOAD, payload_content_type: 'text/plain' }
    const answer = await ask('POST', '/v1/secrets', { ...text, ...fields })
    assert.equal(answer.status, 201)
    const { secret_ref: ref } = (await answer.json()) as { secret_ref: string }
    return new URL(ref).pathname
  }
  const expired: string[] = []
  for (let i = 0; i < count; i += 1) expired.push(await add({ expiration: '2001-06-01' }))
  const alive = await add({})
  assert.equal((await ask('DELETE', await add({}))).status, 204)

  const path = join(env.STATE_DIRECTORY, 'gatehouse.sqlite')
  const execute = (sql: string, ...params: readonly unknown[]) => {
    const database = new Sqlite(path, { timeout: 2_000 })
    try {
      const statement = database.prepare(sql)
      return statement.reader ? statement.all(...params) : statement.run(...params)
    } finally {
      database.close()
    }
  }
  const countOf = (table: string) => (execute(`select * from ${table}`) as unknown[]).length
  const clean = async (...args: readonly string[]) => {
    const run = runCli({ args: ['db', 'clean', ...args], env })
    return { code: await run.code, out: run.out(), err: run.err() }
  }
  const manage = async (...args: readonly string[]) => {
    const run = runCli({ args, env, run: runBarbicanManage })
    return { code: await run.code, out: run.out(), err: run.err() }
  }
  return { env, clock, ask, stop, path, execute, count: countOf, clean, manage, expired, alive }
}
