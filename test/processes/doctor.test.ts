import assert from 'node:assert/strict'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { skewFinding } from '../../src/cli/doctor/clockSkew.ts'
import { CHECKS, type Diagnosis } from '../../src/cli/doctor/doctor.ts'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import type { Environment } from '../../src/config/environment.ts'
import { pastCloud } from '../support/pastCloud.ts'
import { freshEnvironment, freshFolder, runCli } from '../support/runCli.ts'

async function doctor(env: Environment) {
  const run = runCli({ args: ['doctor', '--json'], env })
  const code = await run.code
  const { verdict, findings } = JSON.parse(run.out()) as {
    verdict: string
    findings: (Diagnosis & { todo?: string })[]
  }
  const of = (check: string) => findings.filter((one) => one.check === check)
  const wrong = (check: string) => of(check).filter(({ grade }) => grade !== 'fine')
  return { code, verdict, findings, of, wrong, err: run.err() }
}

/** A listener of the test's own. @returns where it is */
async function served(t: TestContext, listener: RequestListener): Promise<AddressInfo> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  return server.address() as AddressInfo
}

function photographOf(folder: string) {
  return (
    readdirSync(folder)
      .toSorted()
      // The server's own pen, which is a moment behind.
      .filter((name) => name !== 'audit.log')
      .map((name) => {
        const { mode, size } = statSync(join(folder, name))
        return { name, mode, size }
      })
  )
}

describe('gatehouse doctor', () => {
  it('finds no error beside a server at work, makes every check, and changes nothing', async (t) => {
    const { env, execute } = await pastCloud(t)
    const before = photographOf(env.STATE_DIRECTORY)
    const rows = execute('select * from kek_canaries')
    const { code, of, findings, err } = await doctor(env)
    assert.deepEqual(
      findings.filter(({ grade }) => grade === 'error'),
      [],
    )
    // Swap or core dumps may be the machine's.
    assert.ok(code === EXIT_CODES.done.code || code === EXIT_CODES.warned.code, err)
    for (const { name } of CHECKS) assert.ok(of(name).length > 0, name)
    assert.ok(of('keys').some(({ what }) => what === 'keyring: 1 canaries open'))
    assert.deepEqual(photographOf(env.STATE_DIRECTORY), before)
    assert.deepEqual(execute('select * from kek_canaries'), rows)
  })

  it('says what to do about each finding that is not fine, and shows a table to people', async (t) => {
    const { env, stop } = await pastCloud(t)
    await stop()
    const before = photographOf(env.STATE_DIRECTORY)
    await doctor(env)
    // SQLite's reader leaves an empty log and its index where nobody else has the database open.
    const after = photographOf(env.STATE_DIRECTORY)
    assert.deepEqual(
      after.filter(({ name }) => !/-(wal|shm)$/.test(name)),
      before,
    )
    assert.ok(after.every(({ name, size }) => !name.endsWith('-wal') || size === 0))
    chmodSync(join(env.STATE_DIRECTORY, 'keyring'), 0o644)
    const { findings, wrong, code } = await doctor(env)
    assert.equal(code, EXIT_CODES.unwell.code)
    for (const { grade, todo = '' } of findings) assert.equal(todo !== '', grade !== 'fine')
    assert.match(wrong('files')[0]?.what ?? '', /keyring is open to other users \(mode 0644\)/)
    assert.match(wrong('files')[0]?.todo ?? '', /^chmod 0600/)
    const table = runCli({ args: ['doctor'], env })
    assert.equal(await table.code, EXIT_CODES.unwell.code)
    assert.match(table.out(), /^files +ok/m)
    assert.match(table.out(), /^ +ERROR +\[keyring\] file .*\n +-> chmod 0600/m)
    assert.match(table.out(), /\n\d+ errors, \d+ warnings, \d+ fine\.\n$/)
  })

  it('looks at an empty place without making anything there', async (t) => {
    const env = freshEnvironment(t)
    const { code, wrong } = await doctor(env)
    assert.equal(code, EXIT_CODES.warned.code)
    assert.match(wrong('files')[0]?.what ?? '', /state folder .* is not there/)
    assert.match(wrong('database')[0]?.what ?? '', /There is no database/)
    assert.ok(!existsSync(env.STATE_DIRECTORY))
  })

  it('tells of each wrong setting, and of options that do nothing here', async (t) => {
    const env = freshEnvironment(t)
    const bad = await doctor({
      ...env,
      OS_DEFAULT__BIND_PORT: 'many',
      OS_QUOTAS__QUOTA_SECRETS: 'x',
    })
    assert.equal(bad.code, EXIT_CODES.unwell.code)
    assert.equal(bad.wrong('settings').length, 2)
    const file = join(freshFolder(t), 'barbican.conf')
    writeFileSync(file, '[p11_crypto_plugin_of_others]\nlogin = x\n')
    const run = runCli({ args: ['doctor', '--config-file', file], env })
    assert.equal(await run.code, EXIT_CODES.warned.code)
    assert.match(run.out(), /Options that do nothing here: .*login/)
  })

  it('names the KEK that the database wants when the keyring is another', async (t) => {
    const { env, stop } = await pastCloud(t)
    const other = await pastCloud(t)
    await stop()
    copyFileSync(join(other.env.STATE_DIRECTORY, 'keyring'), join(env.STATE_DIRECTORY, 'keyring'))
    const { code, wrong, of } = await doctor(env)
    assert.equal(code, EXIT_CODES.unwell.code)
    assert.match(wrong('keys')[0]?.what ?? '', /fingerprint/)
    assert.ok(of('policy').length > 0, 'the checks behind it are made')
  })

  it('finds a canary that does not open, a KEK that is gone, a store that is not configured', async (t) => {
    const { env, execute } = await pastCloud(t)
    execute('update kek_canaries set wrapped = ?', Buffer.alloc(60))
    const canary = await doctor(env)
    assert.match(canary.wrong('keys')[0]?.what ?? '', /canary of KEK .* does not open/)
    execute("update project_keys set kek_id = 'lost'")
    const kek = await doctor(env)
    assert.ok(
      kek
        .wrong('keys')
        .some(({ what }) => /1 project keys are .* KEK lost, .* not hold/.test(what)),
    )
    execute("update project_keys set store = 'elsewhere'")
    const store = await doctor(env)
    assert.ok(
      store.wrong('keys').some(({ what }) => /KEK store elsewhere, .* not configured/.test(what)),
    )
    execute('delete from deployment')
    const id = await doctor(env)
    assert.ok(id.wrong('keys').some(({ what }) => /deployment id is gone/.test(what)))
  })

  it('finds a schema of another release, and a database that is none', async (t) => {
    const { env, execute, stop } = await pastCloud(t)
    execute("update knex_migrations set name = '9999-of-the-future' where id = 1")
    const newer = await doctor(env)
    assert.match(newer.wrong('database')[0]?.what ?? '', /schema of a newer release/)
    await stop()
    writeFileSync(join(env.STATE_DIRECTORY, 'gatehouse.sqlite'), 'no database at all'.repeat(100))
    const none = await doctor(env)
    assert.equal(none.wrong('database')[0]?.grade, 'error')
    assert.ok(none.of('server').length > 0)
  })

  it('finds a policy that cannot be enforced', async (t) => {
    const folder = freshFolder(t)
    const env = { ...freshEnvironment(t), OS_OSLO_POLICY__POLICY_FILE: join(folder, 'own.yaml') }
    writeFileSync(env.OS_OSLO_POLICY__POLICY_FILE, '"secret:get": "role:"\n  nonsense: [')
    assert.match((await doctor(env)).wrong('policy')[0]?.what ?? '', /policy cannot be enforced/)
    writeFileSync(env.OS_OSLO_POLICY__POLICY_FILE, '"secret:gte": "role:admin"\n')
    const [unused] = (await doctor(env)).wrong('policy')
    assert.equal(unused?.grade, 'warning')
    assert.match(unused?.what ?? '', /secret:gte/)
  })

  it('looks at certificates: those it shows, and those of others that an option names', async (t) => {
    const env = freshEnvironment(t)
    mkdirSync(env.STATE_DIRECTORY, { mode: 0o700 })
    const made = runCli({ args: ['tls', 'init', '--name', 'kms.example'], env })
    assert.equal(await made.code, 0, made.err())
    const file = (name: string) => join(env.STATE_DIRECTORY, 'tls', name)
    const served = {
      ...env,
      OS_SSL__CERT_FILE: file('server.pem'),
      OS_SSL__KEY_FILE: file('server.key'),
    }
    const fine = await doctor({ ...served, OS_TOKEN__CAFILE: file('ca.pem') })
    assert.deepEqual(fine.wrong('certificates'), [])
    assert.ok(
      fine.of('certificates').some(({ what }) => /\[ssl\] .* valid for \d+ more days/.test(what)),
    )
    assert.ok(
      fine.of('certificates').some(({ what }) => /^\[token\] cafile .* valid for/.test(what)),
    )
    const mixed = await doctor({ ...served, OS_SSL__KEY_FILE: file('ca.key') })
    assert.match(mixed.wrong('certificates')[0]?.what ?? '', /key is not that of the certificate/)
    chmodSync(file('server.key'), 0o640)
    assert.match(
      (await doctor(served)).wrong('files')[0]?.what ?? '',
      /\[ssl\] key_file .*\(mode 0640\)/,
    )
  })

  it('asks Keystone: who we are there, what we may, and what time it is', async (t) => {
    const asked: string[] = []
    let roles = ['service']
    let loginStatus = 201
    let date = new Date()
    const { port } = await served(t, (request, response) => {
      asked.push(`${request.method} ${request.url}`)
      response.setHeader('Date', date.toUTCString())
      const answer = (status: number, body: object) => {
        response.writeHead(status, { 'Content-Type': 'application/json', 'X-Subject-Token': 'tok' })
        response.end(JSON.stringify(body))
      }
      if (request.method === 'POST') {
        answer(loginStatus, { token: { roles: roles.map((name) => ({ name })) } })
      } else if (request.url?.startsWith('/v3/roles') === true) {
        answer(200, { roles: request.url.endsWith('=service') ? [{}] : [] })
      } else answer(200, {})
    })
    const env = {
      ...freshEnvironment(t),
      OS_KEYSTONE_AUTHTOKEN__AUTH_URL: `http://127.0.0.1:${port}`,
      OS_KEYSTONE_AUTHTOKEN__USERNAME: 'barbican',
      OS_KEYSTONE_AUTHTOKEN__PASSWORD: 'hush-hush',
      OS_KEYSTONE_AUTHTOKEN__PROJECT_NAME: 'service',
    }
    const well = await doctor(env)
    assert.deepEqual(well.wrong('keystone'), [])
    assert.ok(asked.includes('GET /v3/auth/tokens?nocatalog'), asked.join())
    assert.ok(!JSON.stringify(well.findings).includes('hush-hush'))

    roles = ['reader']
    date = new Date(Date.now() - 90_000)
    const odd = await doctor({ ...env, OS_KEYSTONE_AUTHTOKEN__SERVICE_TOKEN_ROLES: 'servcie' })
    const words = odd.wrong('keystone').map(({ grade, what }) => `${grade}: ${what}`)
    assert.match(words[0] ?? '', /^error: The clock .* (89|90)\.\d s ahead of that of Keystone/)
    assert.match(words[1] ?? '', /^warning: .*none of its roles \(reader\)/)
    assert.match(words[2] ?? '', /^warning: Keystone has no role servcie/)

    loginStatus = 401
    assert.match(
      (await doctor(env)).wrong('keystone').at(-1)?.what ?? '',
      /refuses our service user/,
    )
    const away = await doctor({ ...env, OS_KEYSTONE_AUTHTOKEN__AUTH_URL: 'http://127.0.0.1:9' })
    assert.match(away.wrong('keystone')[0]?.what ?? '', /Keystone cannot be asked: ECONNREFUSED/)
  })

  it('hears of integrity alarms, and of what a server misses, on its admin listener', async (t) => {
    let alarms = 0
    const { port } = await served(t, ({ url }, response) => {
      if (url === '/metrics') {
        response.end(`gatehouse_integrity_alarms_total{kind="secret"} ${alarms}\n`)
      } else {
        const checks = { database: 'ok', 'kek store': alarms > 0 ? 'failed: away' : 'ok' }
        response.end(JSON.stringify({ ready: true, checks }))
      }
    })
    const env = { ...freshEnvironment(t), OS_ADMIN__BIND_PORT: String(port) }
    assert.deepEqual((await doctor(env)).wrong('server'), [])
    alarms = 3
    const [store, alarm] = (await doctor(env)).wrong('server')
    assert.equal(store?.grade, 'warning')
    assert.match(alarm?.what ?? '', /raised 3 integrity alarms \(kind="secret"\)/)
    assert.equal(alarm?.grade, 'error')
  })

  it('says that a broker which is asked for cannot be reached', async (t) => {
    const env = {
      ...freshEnvironment(t),
      OS_KEYSTONE_NOTIFICATIONS__ENABLE: 'true',
      OS_KEYSTONE_NOTIFICATIONS__CONFIRM: 'false',
      OS_OSLO_MESSAGING_NOTIFICATIONS__TRANSPORT_URL: 'rabbit://u:hush-hush@127.0.0.1:9/',
    }
    const { wrong, findings } = await doctor(env)
    assert.match(
      wrong('messages')[0]?.what ?? '',
      /broker 127\.0\.0\.1:9 cannot be used: ECONNREFUSED/,
    )
    assert.ok(!JSON.stringify(findings).includes('hush-hush'))
  })

  it('tries the Redis that processes share, which nothing hangs on', async (t) => {
    const secret = join(freshFolder(t), 'secret')
    writeFileSync(secret, 'x'.repeat(48), { mode: 0o600 })
    const env = {
      ...freshEnvironment(t),
      OS_DEFAULT__AUTH_STRATEGY: 'keystone',
      OS_KEYSTONE_AUTHTOKEN__AUTH_URL: 'http://127.0.0.1:9',
      OS_KEYSTONE_AUTHTOKEN__USERNAME: 'barbican',
      OS_KEYSTONE_AUTHTOKEN__PASSWORD: 'hush-hush',
      OS_KEYSTONE_AUTHTOKEN__PROJECT_NAME: 'service',
      OS_TOKEN_CACHE__BACKEND: 'redis',
      OS_TOKEN_CACHE__URL: 'redis://u:hush-hush@127.0.0.1:9/0',
      OS_TOKEN_CACHE__SECRET_FILE: secret,
    }
    const { wrong, findings } = await doctor(env)
    const [redis] = wrong('token cache')
    assert.equal(redis?.grade, 'warning', JSON.stringify(findings))
    assert.match(redis?.what ?? '', /Redis at 127\.0\.0\.1:9 cannot be used: .*ECONNREFUSED/)
    assert.ok(!JSON.stringify(findings).includes('hush-hush'))
  })

  it('judges a clock by how far it is off, in both directions', () => {
    assert.equal(skewFinding('it', 900).grade, 'fine')
    assert.equal(skewFinding('it', -5_000).grade, 'warning')
    assert.match(skewFinding('it', -5_000).what, /5\.0 s behind/)
    assert.equal(skewFinding('it', 31_000).grade, 'error')
  })

  it('reads what the keyring holds nowhere into its report', async (t) => {
    const { env } = await pastCloud(t)
    const { findings } = await doctor(env)
    const keyring = readFileSync(join(env.STATE_DIRECTORY, 'keyring'), 'latin1')
    const text = JSON.stringify(findings)
    for (const [long] of keyring.matchAll(/[\w+/=-]{40,}/g)) assert.ok(!text.includes(long))
  })
})
