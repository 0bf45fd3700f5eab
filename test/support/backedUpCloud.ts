import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { compose } from '../../src/compose.ts'
import type { Environment } from '../../src/config/environment.ts'
import { PAYLOAD, pastCloud } from './pastCloud.ts'
import { freshEnvironment, freshFolder, runCli } from './runCli.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

export async function cli(env: Environment, ...args: readonly string[]) {
  const run = runCli({ args: ['backup', ...args], env })
  return { code: await run.code, out: run.out(), err: run.err() }
}

/** A cloud with secrets, an order that waits, and a backup of it. */
export async function backedUp(t: CleansUp) {
  const cloud = await pastCloud(t, 2, { OS_GATEHOUSE__ORDER_WORKER: 'false' })
  const meta = { algorithm: 'ec', bit_length: 256, name: 'pair', passphrase: 'correct horse' }
  const placed = await cloud.ask('POST', '/v1/orders', { type: 'asymmetric', meta })
  assert.equal(placed.status, 202)
  const { order_ref: order } = (await placed.json()) as { order_ref: string }
  const folder = freshFolder(t)
  const key = join(folder, 'key')
  assert.equal((await cli(cloud.env, 'keygen', '--output', key)).code, 0)
  const file = join(folder, 'backup')
  const create = (...args: readonly string[]) =>
    cli(cloud.env, 'create', '--recipient', `${key}.pub`, '--output', file, ...args)
  const made = await create()
  assert.equal(made.code, 0, made.err)
  return { ...cloud, order: new URL(order).pathname, folder, key, file, create, made }
}

/** Another place with the KEKs of this deployment and nothing else. */
export function elsewhere(t: CleansUp, env: { STATE_DIRECTORY: string }) {
  const other = freshEnvironment({ after: (work) => t.after(work) })
  mkdirSync(other.STATE_DIRECTORY, { mode: 0o700 })
  copyFileSync(join(env.STATE_DIRECTORY, 'keyring'), join(other.STATE_DIRECTORY, 'keyring'))
  return {
    ...other,
    OS_DEFAULT__AUTH_STRATEGY: 'noauth',
    OS_DEFAULT__BIND_HOST: '127.0.0.1',
  }
}

/** A server on this environment. @returns a way to ask it */
export async function served(t: CleansUp, env: Environment) {
  const { promise: address, resolve } = Promise.withResolvers<string>()
  const server = runCli({
    args: ['serve'],
    // In this process: there is nobody to start others.
    env: { ...env, OS_DEFAULT__WORKERS: '1' },
    compose: async (settings, parts) => {
      const gatehouse = await compose(settings, parts)
      return {
        ...gatehouse,
        listen: async () => {
          const listening = await gatehouse.listen()
          setImmediate(() => resolve(listening.addresses[0] ?? ''))
          return listening
        },
      }
    },
  })
  t.after(async () => {
    server.send('SIGTERM')
    await server.code
  })
  const ended = server.code.then((code) => assert.fail(`ended with ${code}: ${server.err()}`))
  const base = await Promise.race([address, ended])
  return (path: string) =>
    fetch(`${base}${path}`, { headers: { 'X-Project-Id': 'p', 'X-Roles': 'admin' } })
}

/** The payload that was stored, and the order that waited, once somebody has worked on it. */
export async function findsAll(
  ask: (path: string) => Promise<Response>,
  secret: string,
  order: string,
): Promise<void> {
  assert.equal(await (await ask(`${secret}/payload`)).text(), PAYLOAD)
  const until = performance.now() + 60_000
  for (;;) {
    const { status } = (await (await ask(order)).json()) as { status: string }
    if (status === 'ACTIVE') return
    assert.equal(status, 'PENDING')
    assert.ok(performance.now() < until, 'the order still waits')
    await delay(20)
  }
}
