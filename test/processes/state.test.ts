import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import Sqlite from 'better-sqlite3'
import { runBarbicanManage } from '../../src/cli/barbicanManage.ts'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import type { ComposeGatehouse } from '../../src/cli/gatehouse.ts'
import { REFUSED_VERBS } from '../../src/cli/refusedVerbs.ts'
import { compose } from '../../src/compose.ts'
import { type CliRun, freshEnvironment, freshFolder, runCli } from '../support/runCli.ts'

interface Server {
  readonly address: string
  readonly run: CliRun
}

/** The real server, in this process, on a port of the system's choice. */
async function started(env: ReturnType<typeof freshEnvironment>): Promise<Server> {
  const { promise: address, resolve } = Promise.withResolvers<string>()
  const listening: ComposeGatehouse = async (settings, parts) => {
    const gatehouse = await compose(settings, parts)
    return {
      listen: async () => {
        const { addresses } = await gatehouse.listen()
        setImmediate(() => resolve(addresses[0] ?? ''))
        return { addresses }
      },
      drain: (graceMs) => gatehouse.drain(graceMs),
      reload: () => gatehouse.reload(),
    }
  }
  const run = runCli({ args: ['serve'], env, compose: listening })
  const ended = run.code.then((code) => {
    throw new Error(`serve ended with ${code}: ${run.err()}`)
  })
  return { address: await Promise.race([address, ended]), run }
}

async function stop({ run }: Server): Promise<void> {
  run.send('SIGTERM')
  assert.equal(await run.code, 0)
}

/** `serve` where it must not start. */
async function refusal(env: ReturnType<typeof freshEnvironment>) {
  const run = runCli({ args: ['serve'], env, compose })
  return { code: await run.code, sentence: run.err() }
}

async function token(env: ReturnType<typeof freshEnvironment>, ...options: readonly string[]) {
  const run = runCli({
    args: ['token', 'issue', '--project', 'demo', '--role', 'creator', ...options],
    env,
  })
  return { code: await run.code, token: run.out().trimEnd(), notes: run.err() }
}

describe('the verbs beside a running server', () => {
  const cleanUp: (() => void)[] = []
  const suite = { after: (work: () => void) => void cleanUp.push(work) }
  let env: ReturnType<typeof freshEnvironment>
  let server: Server
  before(async () => {
    env = freshEnvironment(suite)
    server = await started(env)
  })
  after(async () => {
    await stop(server)
    for (const work of cleanUp) work()
  })

  it('issue a token, alone on the last line, that the server takes', async () => {
    const issued = await token(env, '--role', 'member', '--user', 'ann', '--ttl', '2m')
    assert.equal(issued.code, 0)
    assert.match(issued.token, /^[\w-]+\.[\w-]+\.[\w-]+$/)
    assert.match(issued.notes, /project demo, user ann, roles creator, member; valid for 120 s/)
    const answer = await fetch(`${server.address}/v1/secrets`, {
      headers: { 'X-Auth-Token': issued.token },
    })
    assert.equal(answer.status, 200)
    await answer.body?.cancel()
  })

  it('refuse a TTL that is no time, and one above the highest', async () => {
    const nonsense = await token(env, '--ttl', 'soon')
    assert.equal(nonsense.code, EXIT_CODES.usage.code)
    assert.match(nonsense.notes, /write 90s, 15m, 1h or 1d/)
    const long = await token(env, '--ttl', '2d')
    assert.equal(long.code, EXIT_CODES.usage.code)
    assert.match(long.notes, /max_ttl/)
  })

  it('say of a token what it holds and whether it counts, given or on standard input', async () => {
    const issued = await token(env, '--user', 'ann')
    for (const request of [
      { args: ['token', 'inspect', issued.token] },
      { args: ['token', 'inspect'], input: `${issued.token}\n` },
    ]) {
      const run = runCli({ ...request, env })
      assert.equal(await run.code, 0)
      const report = JSON.parse(run.out())
      assert.equal(report.verdict, 'valid')
      assert.equal(report.claims.project_id, 'demo')
      assert.equal(report.claims.sub, 'ann')
    }
    const [head, , tail] = issued.token.split('.')
    const forged = `${head}.${Buffer.from('{"project_id":"other","roles":[]}').toString('base64url')}.${tail}`
    const run = runCli({ args: ['token', 'inspect', forged], env })
    assert.equal(await run.code, EXIT_CODES.refused.code)
    assert.equal(JSON.parse(run.out()).verdict, 'its signature is wrong')
  })

  it('show the KEKs without the keys', async () => {
    const run = runCli({ args: ['kek', 'status'], env })
    assert.equal(await run.code, 0)
    assert.match(run.out(), /primary +[0-9a-f]{16,} +\d{4}-.* \(wraps new keys\)/)
    assert.match(run.out(), /deployment +[0-9a-f]{32}/)
  })

  it('say of the schema that nothing is to be done', async () => {
    for (const verb of ['status', 'upgrade']) {
      const run = runCli({ args: ['db', verb], env })
      assert.equal(await run.code, 0)
      assert.match(run.out(), /nothing to do|already/)
    }
  })
})

describe('a start that cannot go well ends with a code and a sentence', () => {
  it('when the port is in use', async (t) => {
    const holder = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => holder.once('listening', resolve))
    t.after(() => holder.close())
    const address = holder.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const env = { ...freshEnvironment(t), OS_DEFAULT__BIND_PORT: String(port) }
    const { code, sentence } = await refusal(env)
    assert.equal(code, EXIT_CODES.address.code)
    assert.equal(
      sentence,
      `gatehouse: 127.0.0.1:${port} is in use by another process: stop it, or set another bind_port.\n`,
    )
  })

  it('when the keyring is gone while the database holds keys, when it is another, when others may read it', async (t) => {
    const env = freshEnvironment(t)
    const server = await started(env)
    const { token: issued } = await token(env)
    const stored = await fetch(`${server.address}/v1/secrets`, {
      method: 'POST',
      headers: { 'X-Auth-Token': issued, 'Content-Type': 'application/json' },
      body: '{"payload":"x","payload_content_type":"text/plain"}',
    })
    assert.equal(stored.status, 201)
    await stored.body?.cancel()
    await stop(server)

    const keyring = join(env.STATE_DIRECTORY, 'keyring')
    renameSync(keyring, `${keyring}.kept`)
    const gone = await refusal(env)
    assert.equal(gone.code, EXIT_CODES.keys.code)
    assert.match(gone.sentence, /^gatehouse: There is no keyring at .*restore.*\n$/)
    assert.ok(!existsSync(keyring), 'a new keyring was made')

    const other = freshEnvironment(t)
    await stop(await started(other))
    writeFileSync(keyring, readFileSync(join(other.STATE_DIRECTORY, 'keyring')), { mode: 0o600 })
    assert.equal((await refusal(env)).code, EXIT_CODES.keys.code)
    const status = runCli({ args: ['kek', 'status'], env })
    assert.equal(await status.code, EXIT_CODES.keys.code)
    assert.match(status.out(), /The database needs [0-9a-f]+, which this keyring does not hold/)

    rmSync(keyring)
    renameSync(`${keyring}.kept`, keyring)
    chmodSync(keyring, 0o644)
    assert.equal((await refusal(env)).code, EXIT_CODES.keys.code)
    chmodSync(keyring, 0o600)
    await stop(await started(env))
  })

  it('when a newer release upgraded the database, and `db upgrade` and `db status` say so too', async (t) => {
    const env = freshEnvironment(t)
    await stop(await started(env))
    const database = new Sqlite(join(env.STATE_DIRECTORY, 'gatehouse.sqlite'))
    database.exec("insert into knex_migrations (name, batch) values ('9999-from-the-future', 9)")
    database.close()
    const { code, sentence } = await refusal(env)
    assert.equal(code, EXIT_CODES.newerSchema.code)
    assert.match(sentence, /newer release \(9999-from-the-future\)/)
    for (const verb of ['upgrade', 'status']) {
      assert.equal(await runCli({ args: ['db', verb], env }).code, EXIT_CODES.newerSchema.code)
    }
  })

  it('when the database is no database', async (t) => {
    const env = freshEnvironment(t)
    await stop(await started(env))
    writeFileSync(join(env.STATE_DIRECTORY, 'gatehouse.sqlite'), 'this is a text'.repeat(1000))
    const { code, sentence } = await refusal(env)
    assert.equal(code, EXIT_CODES.database.code)
    assert.match(sentence, /^gatehouse: The database .* cannot be opened: [^\n]*\n$/)
  })

  it('when tokens are asked for before there is a deployment, or where they do not count', async (t) => {
    const env = freshEnvironment(t)
    const early = await token(env)
    assert.equal(early.code, EXIT_CODES.database.code)
    assert.match(early.notes, /start the server once/)
    assert.ok(!existsSync(env.STATE_DIRECTORY), 'a look made something')
    const noauth = await token({ ...env, OS_DEFAULT__AUTH_STRATEGY: 'noauth' } as typeof env)
    assert.equal(noauth.code, EXIT_CODES.settings.code)
    assert.match(noauth.notes, /auth_strategy is noauth/)
  })
})

describe('barbican-manage', () => {
  const manage = (args: readonly string[], env = {}) =>
    runCli({ args, env, run: (surroundings) => runBarbicanManage(surroundings) })

  for (const args of [['db', 'upgrade'], ['upgrade'], ['db', 'upgrade', '-v', 'head']]) {
    it(`${args.join(' ')} makes the schema, and does no harm a second time`, async (t) => {
      const env = freshEnvironment(t)
      const first = manage(args, env)
      assert.equal(await first.code, 0, first.err())
      assert.match(first.out(), /was upgraded: 0001/)
      assert.ok(existsSync(join(env.STATE_DIRECTORY, 'gatehouse.sqlite')))
      assert.equal(await manage(args, env).code, 0)
    })
  }

  it('takes the database from --db-url, dollar signs and all', async (t) => {
    const env = freshEnvironment(t)
    const path = join(freshFolder(t), 'a$b.sqlite')
    const run = manage(['db', 'upgrade', '--db-url', `sqlite:///${path}`], env)
    assert.equal(await run.code, 0, run.err())
    assert.ok(existsSync(path))
  })

  for (const args of [
    ['db', 'clean', '-m', 'soon'],
    ['db', 'upgrade', '-v', '123abc'],
    ['hsm'],
    [],
  ]) {
    it(`refuses "${args.join(' ')}" and says what there is`, async (t) => {
      const run = manage(args, freshEnvironment(t))
      assert.equal(await run.code, EXIT_CODES.usage.code)
      assert.match(run.err(), /upgrade|head|whole number|gen_mkek/)
    })
  }

  for (const [group, verbs] of Object.entries(REFUSED_VERBS)) {
    for (const [verb, why] of Object.entries(verbs)) {
      it(`refuses "${group} ${verb}" with exit code 1 and says why, whatever options come along`, async (t) => {
        const env = freshEnvironment(t)
        for (const options of [[], ['--label', 'x', '-l', '32', '--dry-run'], ['--message', 'm']]) {
          const run = manage([group, verb, ...options], env)
          assert.equal(await run.code, EXIT_CODES.refused.code)
          assert.equal(run.err(), `barbican-manage: ${why}\n`)
          assert.equal(run.out(), '')
        }
        assert.ok(!existsSync(env.STATE_DIRECTORY), 'a refusal made something')
      })
    }
  }

  it('says with current and history which schema there is', async (t) => {
    const env = freshEnvironment(t)
    const early = manage(['db', 'current'], env)
    assert.equal(await early.code, 0)
    assert.match(early.out(), /\nschema {4}none yet/)
    assert.equal(await manage(['db', 'upgrade'], env).code, 0)
    for (const verb of ['current', 'history']) {
      const run = manage(['db', verb, '-V'], env)
      assert.equal(await run.code, 0)
      assert.match(run.out(), /\nverdict {3}nothing to do/)
    }
  })
})
