import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import type { Environment } from '../../src/config/environment.ts'
import { pastCloud } from '../support/pastCloud.ts'
import { freshEnvironment, runCli } from '../support/runCli.ts'

async function verify(env: Environment, ...args: readonly string[]) {
  const run = runCli({ args: ['verify', ...args], env })
  return { code: await run.code, out: run.out(), err: run.err() }
}

/** A server at work on three secrets, a container and an order. */
async function cloud(t: Parameters<typeof pastCloud>[0]) {
  const past = await pastCloud(t, 2, { OS_GATEHOUSE__ORDER_WORKER: 'false' })
  const meta = { algorithm: 'ec', bit_length: 256, name: 'pair', passphrase: 'correct horse' }
  const placed = await past.ask('POST', '/v1/orders', { type: 'asymmetric', meta })
  assert.equal(placed.status, 202)
  const { order_ref: order } = (await placed.json()) as { order_ref: string }
  const made = await past.ask('POST', '/v1/containers', { type: 'generic', name: 'box' })
  assert.equal(made.status, 201)
  return { ...past, order: order.slice(-36), secret: past.alive.slice(-36) }
}

describe('gatehouse verify', () => {
  it('opens everything beside a server at work, and changes nothing', async (t) => {
    const { env, execute } = await cloud(t)
    const before = execute('select * from secrets order by id')
    const { code, out, err } = await verify(env)
    assert.equal(code, 0, err)
    assert.match(out, /^opened {6}1 project keys, 3 secrets, 1 containers, 1 orders$/m)
    assert.match(out, /^verdict {5}everything opens$/m)
    assert.deepEqual(execute('select * from secrets order by id'), before)
  })

  it('names each record that is not as it was written, goes on, and has an exit code for it', async (t) => {
    const { env, execute, secret, order } = await cloud(t)
    execute("update secrets set creator_id = 'mallory' where id = ?", secret)
    execute('update order_tasks set sealed_input = ?', Buffer.alloc(150))
    execute("update containers set name = 'other', creator_id = 'mallory'")
    const { code, out } = await verify(env)
    assert.equal(code, EXIT_CODES.damaged.code)
    assert.match(
      out,
      new RegExp(
        `^damaged {5}project p: The stored secret ${secret}: row MAC does not match\\.$`,
        'm',
      ),
    )
    assert.match(out, new RegExp(`project p: The stored order ${order}: envelope`))
    assert.match(out, /project p: The stored container .*: row MAC/)
    assert.match(out, /^verdict {5}3 records are damaged/m)
    assert.match(out, /^opened {6}1 project keys, 2 secrets, 0 containers, 0 orders$/m)
  })

  it('notices a project key that does not open, and a record whose key is gone', async (t) => {
    const { env, execute } = await cloud(t)
    execute('update project_keys set commitment = ?', Buffer.alloc(32))
    const { code, out } = await verify(env)
    assert.equal(code, EXIT_CODES.damaged.code)
    assert.match(out, /^opened {6}0 project keys, 0 secrets, 0 containers, 0 orders$/m)
    execute('delete from project_keys')
    assert.equal((await verify(env)).code, EXIT_CODES.damaged.code)
  })

  it('stops at a signal and goes on behind the place that it printed', async (t) => {
    const { env } = await cloud(t)
    const run = runCli({ args: ['verify', '--rate', '1'], env })
    // Registered before the first record is looked at.
    while (run.err() === '' && !(await settled(run.code, 1))) run.send('SIGINT')
    assert.equal(await run.code, EXIT_CODES.refused.code)
    const [, looked, place = ''] =
      /(\d+) records were looked at; --after '(\S+)'/.exec(run.err()) ?? []
    assert.ok(place.startsWith('project-key/p/'), run.err())
    assert.equal(looked, '1')
    const rest = await verify(env, '--after', place)
    assert.equal(rest.code, 0, rest.err)
    assert.match(rest.out, /^opened {6}0 project keys, 3 secrets, 1 containers, 1 orders$/m)
  })

  it('goes on from any record of any kind, in a project or in all', async (t) => {
    const { env, execute } = await cloud(t)
    const rows = execute('select id, created_at from secrets order by created_at, id')
    const [first] = rows as { id: string; created_at: string }[]
    const place = `secret/p/${first?.created_at}/${first?.id}`
    for (const args of [[], ['--project', 'p']]) {
      const { out, err } = await verify(env, '--after', place, ...args)
      assert.match(out, /^opened {6}0 project keys, 2 secrets, 1 containers, 1 orders$/m, err)
    }
    // The record of the place may be gone by then.
    const gone = await verify(env, '--after', place.replace(/.{4}$/, '0000'))
    assert.equal(gone.code, 0)
    assert.match((await verify(env, '--project', 'nobody')).out, /^opened {6}0 project keys, 0 s/m)
  })

  it('takes some at random, each once, and all where there are fewer', async (t) => {
    const { env } = await cloud(t)
    for (const project of [[], ['--project', 'p']]) {
      const two = await verify(env, '--sample', '2', ...project)
      assert.match(two.out, /^opened {6}0 project keys, 2 secrets, 0 containers, 0 orders$/m)
      const all = await verify(env, '--sample', '50', ...project)
      assert.match(all.out, /^opened {6}0 project keys, 3 secrets, /m)
    }
  })

  it('picks others the next time', async (t) => {
    const { env, execute, secret } = await cloud(t)
    execute("update secrets set creator_id = 'mallory' where id = ?", secret)
    const codes = new Set<number>()
    // One of three: the chance that forty draws agree is below a millionth.
    for (let draw = 0; draw < 40 && codes.size < 2; draw += 1) {
      codes.add((await verify(env, '--sample', '1', '--project', 'p')).code)
    }
    assert.deepEqual([...codes].toSorted(), [0, EXIT_CODES.damaged.code])
  })

  it('refuses a place that is none, and two ways at once', async (t) => {
    const env = freshEnvironment(t)
    for (const args of [
      ['--after', 'nonsense'],
      ['--after', 'secret/p/2026/id', '--sample', '3'],
      ['--after', 'secret/p/2026/id', '--project', 'q'],
      ['--rate', '0'],
      ['--sample', 'all'],
    ]) {
      assert.equal((await verify(env, ...args)).code, EXIT_CODES.usage.code, args.join(' '))
    }
    assert.match((await verify(env)).out, /There is no database/)
  })
})

async function settled(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: waited, resolve } = Promise.withResolvers<boolean>()
  setTimeout(() => resolve(false), ms)
  return Promise.race([promise.then(() => true), waited])
}
