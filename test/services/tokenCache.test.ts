import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { SharedCacheSeal } from '../../src/crypto/cacheSeal.ts'
import { KeystoneAuthenticator } from '../../src/identity/keystoneAuthenticator.ts'
import { RedisCache, type RedisEvent } from '../../src/identity/redisCache.ts'
import { SharedTokens } from '../../src/identity/sharedTokens.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { ask } from '../peers/ask.ts'
import type { Gatehouse } from '../peers/gatehouse.ts'
import { Authority, type Certificate } from '../support/certificates.ts'
import { FakeKeystone, SERVICE_PASSWORD } from '../support/fakeKeystone.ts'
import { OwnRedis, REDIS_USER } from '../support/ownRedis.ts'
import { freshServerDatabase } from '../support/serverDatabase.ts'
import { metric, startNodes, until } from '../support/severalNodes.ts'
import { PASSWORD_USER, request, verdictOf } from '../unit/identity/keystoneSamples.ts'

const OK = 'user-1@project-1'
const SECRET = createSecretKey(randomBytes(32))
const TIMEOUT_MS = 500

describe('a token cache on a Redis over TLS', { timeout: 900_000 }, () => {
  const cleanUps: (() => Promise<void>)[] = []
  const t = { after: (work: () => Promise<void>) => cleanUps.unshift(work) }
  let ours: Authority
  let others: Authority
  let client: Certificate
  let redis: OwnRedis
  let keystone: FakeKeystone
  before(async () => {
    ours = await Authority.make(t, 'our authority')
    others = await Authority.make(t, 'somebody else')
    client = await ours.client('gatehouse')
    redis = await OwnRedis.start(t, ours, await ours.server('IP:127.0.0.1', 'root'))
    keystone = await FakeKeystone.start()
    t.after(() => keystone.close())
  })
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp()
  })

  interface Given {
    readonly caFile?: string
    /** null: none is shown. */
    readonly client?: Certificate | null
    readonly password?: string
    readonly timeoutMs?: number
    readonly cacheTimeSeconds?: number
    readonly furtherPorts?: readonly number[]
  }

  /** As one process has it: caches of its own in front. */
  const process_ = async (given: Given = {}) => {
    const events: RedisEvent[] = []
    const shown = given.client === undefined ? client : given.client
    const cache = new RedisCache({
      addresses: [redis.port, ...(given.furtherPorts ?? [])].map((port) => ({
        host: '127.0.0.1',
        port,
        database: 0,
        ...REDIS_USER,
        ...(given.password !== undefined && { password: given.password }),
      })),
      tls: () => ({
        ca: readFileSync(given.caFile ?? ours.caFile, 'utf8'),
        ...(shown !== null && {
          cert: readFileSync(shown.cert, 'utf8'),
          key: readFileSync(shown.key, 'utf8'),
        }),
      }),
      timeoutMs: given.timeoutMs ?? TIMEOUT_MS,
      onEvent: (event) => events.push(event),
      times: { firstPauseMs: 50, longestPauseMs: 200 },
    })
    await cache.start()
    const lookups: string[] = []
    const authenticator = new KeystoneAuthenticator({
      authUrl: keystone.url,
      serviceUser: PASSWORD_USER,
      clock: systemClock(),
      tokenCacheTimeSeconds: given.cacheTimeSeconds ?? 300,
      shared: new SharedTokens({
        cache,
        seal: new SharedCacheSeal(SECRET, 'deployment'),
        clock: systemClock(),
        onLookup: (outcome) => lookups.push(outcome),
        waitMs: given.timeoutMs ?? TIMEOUT_MS,
        wait: (ms) => delay(ms),
      }),
    })
    const close = async () => {
      authenticator.close()
      cache.close()
    }
    t.after(close)
    const askFor = (token: string) =>
      verdictOf(authenticator.authenticate(request({ 'x-auth-token': token })))
    return { ask: askFor, lookups, events, close }
  }
  const entries = async () => Number(/:(\d+)/.exec(await redis.command('DBSIZE'))?.[1])
  const kept = async (count: number) => until(async () => (await entries()) === count, 'not kept')
  const validationsOf = async (work: () => Promise<unknown>) => {
    const before = keystone.validations
    await work()
    return keystone.validations - before
  }

  test('one validation serves four processes, and Redis sees neither tokens nor roles', async () => {
    await redis.command('FLUSHALL')
    const token = keystone.issue({ roles: ['observer'] })
    const all = [await process_(), await process_(), await process_(), await process_()]
    assert.equal(
      await validationsOf(async () => {
        for (const one of all) {
          assert.equal(await one.ask(token), OK)
          await kept(1)
        }
      }),
      1,
    )
    const name = /gatehouse:token:1:[\w-]{43}/.exec(await redis.command('KEYS', '*'))?.[0] ?? ''
    const value = await redis.command('GET', name)
    for (const word of [token, 'observer', 'user-1', 'project-1']) assert.ok(!value.includes(word))
    const lifeMs = Number(/:(\d+)/.exec(await redis.command('PTTL', name))?.[1])
    assert.ok(lifeMs > 200_000 && lifeMs <= 300_000, `${lifeMs} ms`)
  })

  test('one validation serves four processes that meet a token at the same moment', async () => {
    await redis.command('FLUSHALL')
    // Longer than a busy machine takes: whoever waits in vain would ask as well.
    const patient = () => process_({ timeoutMs: 5_000 })
    const all = [await patient(), await patient(), await patient(), await patient()]
    const gate = Promise.withResolvers<void>()
    // Each has logged in at Keystone by now.
    for (const one of all) await one.ask(keystone.issue())
    const token = keystone.issue()
    keystone.gate = gate.promise
    try {
      assert.equal(
        await validationsOf(async () => {
          const asked = all.map((one) => one.ask(token))
          await until(
            async () => /claim/.test(await redis.command('KEYS', '*:claim')),
            'nobody asks Keystone',
          )
          gate.resolve()
          assert.deepEqual(await Promise.all(asked), [OK, OK, OK, OK])
        }),
        1,
      )
    } finally {
      gate.resolve()
      keystone.gate = undefined
    }
  })

  test('a Redis whose certificate another authority signed is not spoken to', async () => {
    const one = await process_({ caFile: others.caFile })
    assert.deepEqual(
      one.events.map(({ kind }) => kind),
      ['away'],
    )
    assert.match(JSON.stringify(one.events), /CERT|SIGNATURE|VERIFY/)
    assert.equal(await one.ask(keystone.issue()), OK)
    assert.deepEqual(one.lookups, ['unanswered', 'unkept'])
  })

  test('without the client certificate it asks for, or with one of somebody else, there is no cache', async () => {
    for (const shown of [null, await others.client('gatehouse')]) {
      const one = await process_({ client: shown })
      assert.deepEqual(
        one.events.map(({ kind }) => kind),
        ['away'],
      )
      assert.equal(await one.ask(keystone.issue()), OK)
    }
  })

  test('a wrong password is told, without the password', async () => {
    const one = await process_({ password: 'not-this-one' })
    assert.match(JSON.stringify(one.events), /refuses AUTH: WRONGPASS/)
    assert.doesNotMatch(JSON.stringify(one.events), /not-this-one/)
    assert.equal(await one.ask(keystone.issue()), OK)
    await one.close()
  })

  test('a renewed client certificate is used for the next connection, without a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gh-client-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
    const put = async (given: Certificate) => {
      await copyFile(given.cert, files.cert)
      await copyFile(given.key, files.key)
    }
    await put(await others.client('gatehouse'))
    const one = await process_({ client: files })
    assert.equal(one.events.at(-1)?.kind, 'away')
    await put(await ours.client('gatehouse'))
    await until(async () => one.events.at(-1)?.kind === 'there', 'the new one is not used')
  })

  test('a Redis that is killed and comes back empty is an error to nobody', async () => {
    const one = await process_()
    const token = keystone.issue()
    assert.equal(await one.ask(token), OK)
    await redis.stop()
    await until(async () => one.events.at(-1)?.kind === 'away', 'it was not noticed')
    assert.equal(await one.ask(keystone.issue()), OK)
    await redis.startAgain()
    await until(async () => one.events.at(-1)?.kind === 'there', 'it was not found again')
    const other = await process_()
    const next = keystone.issue()
    assert.equal(await one.ask(next), OK)
    await kept(1)
    assert.equal(await validationsOf(() => other.ask(next)), 0)
  })

  test('where there are several, the first that is there and takes writes is used; each change is an error to nobody', async (test_) => {
    const second = await OwnRedis.start(test_, ours, await ours.server('IP:127.0.0.1', 'root'))
    const further = { furtherPorts: [second.port] }
    const one = await process_(further)
    const at = (port: number) => ({ kind: 'there', at: `127.0.0.1:${port}` })
    assert.deepEqual(one.events.at(-1), at(redis.port))
    const isAt = (port: number) =>
      until(async () => JSON.stringify(one.events.at(-1)) === JSON.stringify(at(port)), `${port}`)
    const refusals: string[] = []
    const used = async () => {
      for (let i = 0; i < 20; i += 1) {
        const verdict = await one.ask(keystone.issue())
        if (verdict !== OK) refusals.push(verdict)
      }
    }

    // As Sentinel demotes a master; what it was is somewhere else now.
    await redis.command('REPLICAOF', '127.0.0.1', '1')
    await used()
    await isAt(second.port)
    const other = await process_(further)
    assert.deepEqual(other.events, [at(second.port)])
    const token = keystone.issue()
    assert.equal(await one.ask(token), OK)
    await until(async () => (await second.command('DBSIZE')) !== ':0\r\n', 'not kept')
    assert.equal(await validationsOf(() => other.ask(token)), 0)
    await redis.command('REPLICAOF', 'NO', 'ONE')

    await second.stop()
    await used()
    await isAt(redis.port)
    assert.deepEqual(refusals, [])
  })

  test('one that hangs is waited for once, and then left alone', async () => {
    const one = await process_({ timeoutMs: 50 })
    redis.signal('SIGSTOP')
    try {
      assert.equal(await one.ask(keystone.issue()), OK)
      assert.equal(one.events.at(-1)?.kind, 'away')
      for (let i = 0; i < 5; i += 1) assert.equal(await one.ask(keystone.issue()), OK)
    } finally {
      redis.signal('SIGCONT')
    }
    await until(async () => one.events.at(-1)?.kind === 'there', 'it was not found again')
  })

  test('one that is full keeps nothing, and that is all', async () => {
    const one = await process_()
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    try {
      assert.equal(await one.ask(keystone.issue()), OK)
      await until(async () => one.lookups.includes('unkept'), 'it kept it')
      assert.equal(one.events.at(-1)?.kind, 'there')
    } finally {
      await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    }
  })

  test('whoever can write to it neither lets anybody in nor keeps anybody out', async () => {
    await redis.command('FLUSHALL')
    const [admin, guest] = [
      keystone.issue({ userId: 'admin' }),
      keystone.issue({ userId: 'guest' }),
    ]
    const one = await process_()
    await one.ask(admin)
    await kept(1)
    const nameOfAdmin =
      /gatehouse:token:1:[\w-]{43}/.exec(await redis.command('KEYS', '*'))?.[0] ?? ''
    await one.ask(guest)
    await kept(2)
    const names = (await redis.command('KEYS', '*')).match(/gatehouse:token:1:[\w-]{43}/g) ?? []
    const nameOfGuest = names.find((name) => name !== nameOfAdmin) ?? ''
    await redis.command('COPY', nameOfAdmin, nameOfGuest, 'REPLACE')
    const other = await process_()
    assert.equal(await other.ask(guest), 'guest@project-1')
    await redis.command('SET', nameOfAdmin, 'forged')
    assert.equal(await other.ask(admin), 'admin@project-1')
    assert.deepEqual(other.lookups, ['refused', 'refused'])
  })

  test('what Gatehouse says to Redis is what its user there is allowed', async () => {
    await redis.command('ACL', 'LOG', 'RESET')
    const one = await process_({ cacheTimeSeconds: 0.05 })
    const token = keystone.issue()
    await redis.command('FLUSHALL')
    assert.equal(await one.ask(token), OK)
    await kept(1)
    keystone.revoke(token)
    await until(async () => (await one.ask(token)) === 'unauthorized', 'it is still good')
    await kept(0)
    assert.equal(await redis.command('ACL', 'LOG'), '*0\r\n')
  })

  test('two nodes of one cloud ask Keystone once, as their configuration says', async (test_) => {
    const database = await freshServerDatabase('postgresql')
    test_.after(() => database.drop())
    const folder = await mkdtemp(join(tmpdir(), 'gh-shared-'))
    test_.after(() => rm(folder, { recursive: true, force: true }))
    const secretFile = join(folder, 'secret')
    await writeFile(secretFile, randomBytes(32), { mode: 0o600 })
    const { nodes } = await startNodes(test_, [database.url, database.url], {
      DEFAULT: { auth_strategy: 'keystone' },
      keystone_authtoken: {
        auth_url: keystone.url,
        ...SERVICE_PASSWORD,
        user_domain_name: 'Default',
        project_name: 'service',
        project_domain_name: 'Default',
      },
      token_cache: {
        backend: 'redis',
        url: redis.url,
        secret_file: secretFile,
        cafile: ours.caFile,
        certfile: client.cert,
        keyfile: client.key,
        timeout_ms: String(TIMEOUT_MS),
      },
    })
    const [first, second] = nodes
    assert.ok(first !== undefined && second !== undefined)
    for (const node of nodes) {
      await until(async () => /shared token cache is there/.test(await node.logs()), 'no Redis')
    }
    await redis.command('FLUSHALL')
    const token = keystone.issue({ roles: ['creator'] })
    const statusAt = async (node: Gatehouse) =>
      (await ask(`${node.url}/v1/secrets`, { token })).status
    assert.equal(
      await validationsOf(async () => {
        assert.equal(await statusAt(first), 200)
        await kept(1)
        assert.equal(await statusAt(second), 200)
      }),
      1,
    )
    assert.equal(await metric(second, 'gatehouse_shared_token_cache_total{kind="hit"} '), 1)
    assert.doesNotMatch(await second.logs(), new RegExp(REDIS_USER.password))
  })
})
