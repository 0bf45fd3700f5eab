import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { compose } from '../../src/compose.ts'
import type { Environment } from '../../src/config/environment.ts'
import { freshEnvironment, freshFolder, runCli } from '../support/runCli.ts'
import { freshServerDatabase, type ServerKind } from '../support/serverDatabase.ts'

async function cli(env: Environment, ...args: readonly string[]) {
  const run = runCli({ args, env })
  return { code: await run.code, out: run.out(), err: run.err() }
}

/** A server on a database server, with some secrets in two projects. */
async function cloud(t: TestContext, kind: ServerKind) {
  const { url, execute, drop } = await freshServerDatabase(kind)
  const env = {
    ...freshEnvironment(t),
    OS_DEFAULT__AUTH_STRATEGY: 'noauth',
    OS_DEFAULT__BIND_HOST: '127.0.0.1',
    OS_DEFAULT__WORKERS: '1',
    OS_DATABASE__CONNECTION: url,
  }
  const { promise: address, resolve } = Promise.withResolvers<string>()
  const server = runCli({
    args: ['serve'],
    env,
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
    await drop()
  })
  const ended = server.code.then((code) => assert.fail(`ended with ${code}: ${server.err()}`))
  const base = await Promise.race([address, ended])
  for (const project of ['p', 'p', 'p', 'p', 'q']) {
    const answer = await fetch(`${base}/v1/secrets`, {
      method: 'POST',
      headers: {
        'X-Project-Id': project,
        'X-Roles': 'admin',
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ payload: 'hush', payload_content_type: 'text/plain' }),
    })
    assert.equal(answer.status, 201)
  }
  return { env, execute }
}

for (const [kind, name, remains] of [
  ['mysql', 'MariaDB', /InnoDB/],
  ['postgresql', 'PostgreSQL', /VACUUM/],
] as const) {
  describe(`on ${name}`, () => {
    it('verify opens everything beside a server, some at random, and names what is damaged', async (t) => {
      const { env, execute } = await cloud(t, kind)
      const all = await cli(env, 'verify')
      assert.equal(all.code, 0, all.err)
      assert.match(all.out, /^opened {6}2 project keys, 5 secrets, 0 containers, 0 orders$/m)
      const some = await cli(env, 'verify', '--sample', '2')
      assert.match(some.out, /^opened {6}0 project keys, 2 secrets/m)
      const few = await cli(env, 'verify', '--sample', '2', '--project', 'p')
      assert.match(few.out, /^opened {6}0 project keys, 2 secrets/m)
      const [row] = execute(
        "select id, created_at from secrets where project_id = 'p' order by created_at, id",
      )
      const place = `secret/p/${row?.['created_at']}/${row?.['id']}`
      assert.match((await cli(env, 'verify', '--after', place)).out, / 4 secrets/)
      const inside = await cli(env, 'verify', '--after', place, '--project', 'p')
      assert.match(inside.out, / 3 secrets/)
      execute("update secrets set creator_id = 'mallory' where id = ?", row?.['id'])
      const damaged = await cli(env, 'verify')
      assert.equal(damaged.code, EXIT_CODES.damaged.code)
      assert.match(damaged.out, new RegExp(`project p: The stored secret ${row?.['id']}: row MAC`))
    })

    it('doctor finds no error, and compares the clocks', async (t) => {
      const { env } = await cloud(t, kind)
      const run = await cli(env, 'doctor', '--json')
      const { findings } = JSON.parse(run.out) as {
        findings: { check: string; grade: string; what: string }[]
      }
      assert.deepEqual(
        findings.filter(({ grade }) => grade === 'error'),
        [],
      )
      assert.ok(findings.some(({ what }) => what === 'The clock agrees with that of the database'))
      assert.ok(findings.some(({ what }) => what === 'keyring: 1 canaries open'))
      const away = { ...env, OS_DATABASE__CONNECTION: 'mysql+pymysql://u@127.0.0.1:9/x' }
      const lost = await cli(away, 'doctor')
      assert.equal(lost.code, EXIT_CODES.unwell.code)
      assert.match(lost.out, /^database +ERROR +.*ECONNREFUSED/m)
    })

    it('a shredded project has a signed report, which says what remains where', async (t) => {
      const { env, execute } = await cloud(t, kind)
      const done = await cli(env, 'project', 'shred', 'p', '--yes')
      assert.equal(done.code, 0, done.err)
      const file = join(freshFolder(t), 'reports')
      const listed = await cli(env, 'project', 'reports', '--out', file, '--ids', `${file}.ids`)
      assert.match(listed.out, /signed +p +\(1 keys, 4 secrets\)/, listed.err)
      const args = ['report', 'verify', file, '--ids', `${file}.ids`]
      const checked = await cli(env, 'project', ...args)
      assert.equal(checked.code, 0, checked.out)
      assert.match(checked.out, remains)
      assert.match(checked.out, /Replicas/)
      const [left] = execute("select count(*) as total from project_keys where project_id = 'p'")
      assert.equal(Number(left?.['total']), 0)
      assert.match((await cli(env, 'verify')).out, /^opened {6}1 project keys, 1 secrets/m)
    })
  })
}
