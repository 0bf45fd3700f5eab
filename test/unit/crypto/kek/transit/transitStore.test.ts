import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { followedTlsFiles } from '../../../../../src/crypto/kek/tlsFiles.ts'
import {
  openTransit,
  type TransitRequestToOpen,
} from '../../../../../src/crypto/kek/transit/openTransit.ts'
import type { VaultLogin } from '../../../../../src/crypto/kek/transit/vaultSession.ts'
import { systemClock } from '../../../../../src/lib/clock.ts'
import type { Fault } from '../../../../../src/lib/fault.ts'
import { StartupRefusal } from '../../../../../src/lib/startupRefusal.ts'
import { kekStoreContract } from '../../../../contract/kekStoreContract.ts'
import { FakeVault, rotate } from '../../../../support/fakeVault.ts'
import { type CleansUp, CONTEXT, KEY, never, untilTheEnd } from '../../../../support/keptStores.ts'
import { faultOf, refusal } from '../../../../support/refusals.ts'
import { PemFolder, type Pki, pkiNamed } from '../../../../support/testPki.ts'

type Wishes = Partial<TransitRequestToOpen> & { readonly namespace?: string }

async function opened(t: CleansUp, vault: FakeVault, { namespace, ...wishes }: Wishes = {}) {
  const token = vault.issueToken()
  const store = await openTransit({
    name: 'transit',
    place: { url: vault.url, tls: () => ({ ca: vault.pki.caPem }), namespace },
    login: { method: 'token', token: () => token },
    mount: 'transit',
    keyName: 'gatehouse',
    known: [],
    clock: systemClock(),
    ...wishes,
  })
  t.after(() => store.close())
  return store
}

async function withKey(t: CleansUp): Promise<FakeVault> {
  const vault = await FakeVault.start(t)
  vault.makeKey('gatehouse')
  return vault
}

describe('how a transit store logs in', () => {
  it('with AppRole, reading its secret id anew for each login', async (t) => {
    const vault = await withKey(t)
    let secretId = 'a secret id'
    const login = {
      method: 'approle',
      mount: 'approle',
      roleId: 'a role id',
      secretId: () => secretId,
    } as const
    const store = await opened(t, vault, { login })
    const wrapped = await store.wrap(KEY, CONTEXT, never)
    // Its tokens are revoked, and its secret id was exchanged.
    vault.tokens.clear()
    vault.secretId = secretId = 'the next secret id'
    assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, never)), KEY)
    assert.equal(vault.asked.filter((one) => one === 'POST auth/approle/login').length, 2)

    vault.tokens.clear()
    vault.secretId = 'one that it does not have'
    await assert.rejects(store.unwrap(wrapped, CONTEXT, never), faultOf('unavailable', /login/))
    await assert.rejects(
      opened(t, vault, { login }),
      refusal(/does not take our approle: auth\/approle\/login.*400: invalid role or secret ID/),
    )
  })

  it('with the service account of a pod, in a namespace, at mounts of its own', async (t) => {
    const vault = await FakeVault.start(t)
    vault.makeKey('kek-of-the-cloud')
    vault.namespace = 'cloud/prod'
    vault.loginMount = 'k8s/prod'
    vault.mount = 'team/transit'
    const login: VaultLogin = {
      method: 'kubernetes',
      mount: 'k8s/prod',
      role: 'gatehouse',
      jwt: () => vault.serviceAccountToken,
    }
    const wishes = { login, mount: 'team/transit', keyName: 'kek-of-the-cloud' }
    const store = await opened(t, vault, { ...wishes, namespace: 'cloud/prod' })
    assert.match(store.describe().protection, /team\/transit\/keys\/kek-of-the-cloud/)
    await store.wrap(KEY, CONTEXT, never)
    await assert.rejects(opened(t, vault, wishes), refusal(/no handler for route/))
  })

  it('with the token of an agent, that is exchanged in its file', async (t) => {
    const vault = await withKey(t)
    let token = vault.issueToken()
    const store = await opened(t, vault, { login: { method: 'token', token: () => token } })
    vault.tokens.delete(token)
    await assert.rejects(
      store.wrap(KEY, CONTEXT, never),
      faultOf('unavailable', /wants path "transit\/encrypt\/gatehouse"/),
    )
    token = vault.issueToken()
    await store.wrap(KEY, CONTEXT, never)
  })

  it('renews in the background, and logs in anew when renewing gains nothing', async (t) => {
    const vault = await withKey(t)
    vault.lease = { seconds: 60, renewable: true }
    const waiting: { ms: number; work: () => void }[] = []
    const next = Promise.withResolvers<void>()
    let arrived = next
    const store = await opened(t, vault, {
      login: {
        method: 'approle',
        mount: 'approle',
        roleId: 'a role id',
        secretId: () => 'a secret id',
      },
      later: (ms, work) => {
        waiting.push({ ms, work })
        arrived.resolve()
        return () => undefined
      },
    })
    const turn = async () => {
      arrived = Promise.withResolvers<void>()
      waiting.at(-1)?.work()
      await arrived.promise
    }
    const counts = () => ({
      logins: vault.asked.filter((one) => one.endsWith('approle/login')).length,
      renewals: vault.asked.filter((one) => one.endsWith('renew-self')).length,
    })
    assert.deepEqual(
      waiting.map(({ ms }) => ms),
      [40_000],
    )
    await turn()
    assert.deepEqual(counts(), { logins: 1, renewals: 1 })
    assert.equal(waiting.at(-1)?.ms, 2_400_000)
    // Near the end of all its renewals.
    vault.renewalSeconds = 1
    await turn()
    // The renewal that brought a second is on the list too, and is called off by the login.
    while (counts().logins < 2) await new Promise(setImmediate)
    assert.deepEqual(counts(), { logins: 2, renewals: 2 })
    vault.renewalSeconds = 0
    while (waiting.at(-1)?.ms !== 40_000) await new Promise(setImmediate)
    await turn()
    while (counts().logins < 3) await new Promise(setImmediate)
    // Sealed: tried again later, and the token in hand goes on serving.
    while (waiting.at(-1)?.ms !== 40_000) await new Promise(setImmediate)
    vault.isSealed = true
    await turn()
    assert.equal(waiting.at(-1)?.ms, 10_000)
    vault.isSealed = false
    await store.wrap(KEY, CONTEXT, never)
  })

  it('does not log in again and again for a policy that lacks a line', async (t) => {
    const vault = await withKey(t)
    const login: VaultLogin = {
      method: 'approle',
      mount: 'approle',
      roleId: 'a role id',
      secretId: () => 'a secret id',
    }
    let mayEncrypt = true
    vault.lease.may = (path) => mayEncrypt || !path.includes('/encrypt/')
    const store = await opened(t, vault, { login })
    mayEncrypt = false
    vault.asked.length = 0
    for (let round = 0; round < 3; round += 1) {
      await assert.rejects(store.wrap(KEY, CONTEXT, never), faultOf('unavailable', /wants path/))
    }
    assert.equal(vault.asked.filter((one) => one.endsWith('login')).length, 0)
  })

  it('asks for one login, however many wait for it', async (t) => {
    const vault = await withKey(t)
    const login: VaultLogin = {
      method: 'approle',
      mount: 'approle',
      roleId: 'a role id',
      secretId: () => 'a secret id',
    }
    const store = await opened(t, vault, { login })
    vault.tokens.clear()
    vault.asked.length = 0
    await Promise.all(Array.from({ length: 8 }, () => store.wrap(KEY, CONTEXT, never)))
    const logins = vault.asked.filter((one) => one.endsWith('login')).length
    assert.ok(logins >= 1 && logins <= 2, `${logins} logins`)
  })
})

describe('what a transit store refuses to start with', () => {
  it('a key that is not there, of another type, derived, or that may not encrypt', async (t) => {
    const vault = await FakeVault.start(t)
    await assert.rejects(
      opened(t, vault),
      refusal(/no transit key gatehouse at .*`vault write -f transit\/keys\/gatehouse`/),
    )
    vault.makeKey('gatehouse', { type: 'rsa-4096' })
    await assert.rejects(opened(t, vault), refusal(/of type rsa-4096; a KEK is aes256-gcm96/))
    vault.makeKey('gatehouse', { derived: true })
    await assert.rejects(opened(t, vault), refusal(/is derived/))
    vault.makeKey('gatehouse', { minEncryption: 2 })
    await assert.rejects(opened(t, vault), refusal(/look at its min_encryption_version/))
  })

  it('a policy that lacks a line, with that line', async (t) => {
    const vault = await withKey(t)
    const lacking = (lacks: string) => {
      const token = vault.issueToken({ may: (path) => path !== lacks })
      return opened(t, vault, { login: { method: 'token', token: () => token } })
    }
    for (const [lacks, line] of [
      ['GET transit/keys/gatehouse', /path "transit\/keys\/gatehouse" .* = \["read"\]/],
      ['POST transit/encrypt/gatehouse', /path "transit\/encrypt\/gatehouse" .* = \["update"\]/],
      ['POST transit/decrypt/gatehouse', /path "transit\/decrypt\/gatehouse" .* = \["update"\]/],
    ] as const) {
      await assert.rejects(lacking(lacks), refusal(line))
    }
    await assert.rejects(
      opened(t, vault, { login: { method: 'token', token: () => 'hvs.unknown' } }),
      refusal(/does not take our token/),
    )
  })

  it('a server that ignores associated data, is sealed, sends us elsewhere, or has another CA', async (t) => {
    const vault = await withKey(t)
    vault.knowsAssociatedData = false
    await assert.rejects(opened(t, vault), refusal(/ignores associated_data/))
    vault.knowsAssociatedData = true
    vault.isSealed = true
    await assert.rejects(opened(t, vault), refusal(/is sealed/))
    vault.isSealed = false
    vault.instead = () => [307, {}, { Location: 'https://elsewhere.example/' }]
    await assert.rejects(opened(t, vault), refusal(/sends us elsewhere/))
    vault.instead = () => undefined
    const { caPem } = await pkiNamed('another')
    await assert.rejects(
      opened(t, vault, {
        place: { url: vault.url, tls: () => ({ ca: caPem }), namespace: undefined },
      }),
      refusal(/cannot be reached: (SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY)/),
    )
  })

  it('and says whether it is away, or wrong', async (t) => {
    const vault = await withKey(t)
    const codeOf = async (wishes: Wishes) => {
      try {
        await opened(t, vault, { ...wishes, awayExitCode: 14 })
        return 0
      } catch (error) {
        return error instanceof StartupRefusal ? error.exitCode : undefined
      }
    }
    assert.equal(await codeOf({}), 0)
    vault.isSealed = true
    assert.equal(await codeOf({}), 14)
    vault.isSealed = false
    const { caPem } = await pkiNamed('another')
    const place = { url: vault.url, tls: () => ({ ca: caPem }), namespace: undefined }
    assert.equal(await codeOf({ place }), 1)
    assert.equal(await codeOf({ keyName: 'nobody' }), 1)
    vault.server.stop()
    assert.equal(await codeOf({}), 14)
  })

  it('a listener that wants a certificate, unless it is shown one', async (t) => {
    const vault = await FakeVault.start(t, true)
    vault.makeKey('gatehouse')
    await assert.rejects(opened(t, vault), refusal(/cannot be reached/))
    const { certificate: cert, key } = await vault.pki.issue({
      commonName: 'gatehouse',
      alternativeNames: [],
      usage: 'client',
    })
    const tls = () => ({ ca: vault.pki.caPem, cert, key })
    await opened(t, vault, { place: { url: vault.url, tls, namespace: undefined } })
  })
})

describe('certificates of a transit store', () => {
  it('are taken up as their files change, and broken ones are not', async (t) => {
    const vault = await FakeVault.start(t, true)
    vault.makeKey('gatehouse')
    const issued = (pki: Pki) =>
      pki.issue({ commonName: 'gatehouse', alternativeNames: [], usage: 'client' })
    const folder = new PemFolder(t)
    const caFile = folder.write('ca.pem', vault.pki.caPem)
    const paths = { caFile, ...folder.put('client', await issued(vault.pki)) }
    const tls = followedTlsFiles('transit', paths, 0)
    const place = { url: vault.url, tls, namespace: undefined }
    const store = await opened(t, vault, { place })
    // Of somebody whom the listener does not know; a kept connection is not asked again.
    folder.put('client', await issued(await pkiNamed('another')))
    await assert.rejects(
      store.wrap(KEY, CONTEXT, never),
      faultOf('unavailable', /cannot be reached/),
    )
    folder.put('client', await issued(vault.pki))
    await store.wrap(KEY, CONTEXT, never)
    // Half of a renewal: the certificate, and the key of the one before.
    folder.write('client.pem', (await issued(vault.pki)).certificate)
    vault.server.dropConnections()
    await store.wrap(KEY, CONTEXT, never)
  })
})

const inUse = (...ids: readonly string[]) => ids.map((id) => ({ id, isRetired: false }))

describe('versions of a transit key', () => {
  it('one that somebody makes unwraps everywhere, and wraps once the database knows it', async (t) => {
    const vault = await withKey(t)
    const [node, other] = [await opened(t, vault), await opened(t, vault)]
    const first = await node.wrap(KEY, CONTEXT, never)
    const made = await node.generate(never)
    assert.equal(made.id, 'gatehouse/v2')
    assert.equal(made.state, 'decrypt-only')
    assert.equal((await node.wrap(KEY, CONTEXT, never)).kekId, 'gatehouse/v1')

    const under = await node.wrapUnder(made.id, KEY, CONTEXT, never)
    const before = inUse('gatehouse/v1')
    assert.equal(node.follow(before), false)
    assert.equal(node.follow([...before, ...inUse(made.id)]), true)
    assert.equal(node.describe().currentKekId, 'gatehouse/v2')
    assert.deepEqual(
      node.describe().keks.map(({ state }) => state),
      ['decrypt-only', 'primary'],
    )
    // The other node has not heard of the version, and finds out.
    assert.deepEqual(Buffer.from(await other.unwrap(under, CONTEXT, never)), KEY)
    assert.deepEqual(Buffer.from(await node.unwrap(first, CONTEXT, never)), KEY)
    // Known to the database, and not yet to this process.
    assert.equal(node.follow(inUse('gatehouse/v1', 'gatehouse/v2', 'gatehouse/v9')), false)

    rotate(vault.keys.get('gatehouse') ?? vault.makeKey('never'))
    const current = async (...known: readonly string[]) =>
      (await opened(t, vault, { known: inUse(...known) })).describe().currentKekId
    assert.equal(await current(), 'gatehouse/v3')
    assert.equal(await current('gatehouse/v1', 'gatehouse/v2'), 'gatehouse/v2')
    assert.equal(await current('other/v1'), 'gatehouse/v3')
  })

  it('are taken up by a running process, unless it does not agree', async (t) => {
    const vault = await withKey(t)
    const store = await opened(t, vault)
    const refuse = async () => Promise.reject(new Error('not these'))
    assert.equal(await store.reload(refuse), 'same')
    rotate(vault.keys.get('gatehouse') ?? vault.makeKey('never'))
    await assert.rejects(store.reload(refuse), /not these/)
    assert.equal(store.describe().keks.length, 1)
    let found = 0
    assert.equal(
      await store.reload(async ({ keks }) => {
        found = keks.length
      }),
      'changed',
    )
    assert.deepEqual([found, store.describe().keks.length], [2, 2])
    assert.equal(store.describe().currentKekId, 'gatehouse/v1')
  })

  it('one that may not decrypt any more is no corruption', async (t) => {
    const vault = await withKey(t)
    const store = await opened(t, vault)
    const wrapped = await store.wrap(KEY, CONTEXT, never)
    const key = vault.keys.get('gatehouse')
    assert.ok(key !== undefined)
    rotate(key)
    key.minDecryption = 2
    await assert.rejects(store.unwrap(wrapped, CONTEXT, never), faultOf('unavailable', /too old/))
    const later = await opened(t, vault)
    assert.equal(later.describe().keks[0]?.state, 'retired')
    await assert.rejects(
      later.unwrap(wrapped, CONTEXT, never),
      faultOf('unavailable', /older than min_decryption_version \(2\)/),
    )
    // And back, as soon as it may.
    key.minDecryption = 1
    assert.deepEqual(Buffer.from(await later.unwrap(wrapped, CONTEXT, never)), KEY)
  })

  it('bounds at Vault never make a version wrap that the database does not know', async (t) => {
    const vault = await withKey(t)
    const store = await opened(t, vault, { known: inUse('gatehouse/v1') })
    const key = vault.keys.get('gatehouse')
    assert.ok(key !== undefined)
    rotate(key)
    key.minEncryption = 2
    await store.reload(async () => undefined)
    assert.equal(store.describe().currentKekId, 'gatehouse/v1')
    await assert.rejects(
      store.wrap(KEY, CONTEXT, never),
      faultOf('unavailable', /requested version is too old/),
    )
    store.follow(inUse('gatehouse/v1', 'gatehouse/v2'))
    assert.equal((await store.wrap(KEY, CONTEXT, never)).kekId, 'gatehouse/v2')
  })

  it('one that is retired opens nothing, and may then be trimmed at Vault', async (t) => {
    const vault = await withKey(t)
    const key = vault.keys.get('gatehouse')
    assert.ok(key !== undefined)
    rotate(key)
    const known = inUse('gatehouse/v1', 'gatehouse/v2')
    const store = await opened(t, vault, { known })
    const wrapped = await store.wrapUnder('gatehouse/v1', KEY, CONTEXT, never)
    store.follow([{ id: 'gatehouse/v1', isRetired: true }, ...inUse('gatehouse/v2')])
    assert.equal(store.describe().keks[0]?.state, 'retired')
    await assert.rejects(store.unwrap(wrapped, CONTEXT, never), faultOf('corrupted', /is retired/))
    key.minDecryption = key.minAvailable = 2
    await store.reload(async () => undefined)
    assert.deepEqual(
      store.describe().keks.map(({ id, state }) => [id, state]),
      [['gatehouse/v2', 'primary']],
    )
    await store.wrap(KEY, CONTEXT, never)
  })

  it('what makes a key weaker is said', async (t) => {
    const vault = await FakeVault.start(t)
    vault.makeKey('gatehouse', { exportable: true })
    assert.match((await opened(t, vault)).describe().protection, /\(exportable\)$/)
  })
})

describe('a Vault in trouble', () => {
  it('away or sealed it is unavailable; back, it is found by itself', async (t) => {
    const vault = await withKey(t)
    const store = await opened(t, vault)
    const wrapped = await store.wrap(KEY, CONTEXT, never)
    const { port } = vault.server
    vault.server.stop()
    await assert.rejects(store.unwrap(wrapped, CONTEXT, never), faultOf('unavailable', /ECONN/))
    await assert.rejects(store.health(never), faultOf('unavailable'))
    await vault.server.listen(port)
    assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, never)), KEY)
    vault.isSealed = true
    await assert.rejects(store.unwrap(wrapped, CONTEXT, never), faultOf('unavailable', /is sealed/))
    await assert.rejects(store.health(never), faultOf('unavailable', /is sealed/))
    vault.isSealed = false
    await store.health(never)
  })

  it('refusing everything it is given, it says nothing of the blob', async (t) => {
    const vault = await withKey(t)
    const store = await opened(t, vault)
    const wrapped = await store.wrap(KEY, CONTEXT, never)
    for (const status of [400, 404, 429, 500, 502]) {
      vault.instead = () => [status, { errors: ['not today'] }]
      await assert.rejects(store.unwrap(wrapped, CONTEXT, never), faultOf('unavailable'))
    }
  })

  it('answering nonsense, or without end, it is not believed', async (t) => {
    const vault = await withKey(t)
    const store = await opened(t, vault)
    const wrapped = await store.wrap(KEY, CONTEXT, never)
    const short = { data: { plaintext: Buffer.alloc(31).toString('base64') } }
    const lies: readonly (readonly [unknown, RegExp, Fault['kind']])[] = [
      ['<html>', /something else than it should/, 'unavailable'],
      [{ data: {} }, /something else than it should/, 'unavailable'],
      [{ data: { plaintext: 'no base64 !' } }, /something else/, 'unavailable'],
      ['x'.repeat(300_000), /more than 262144 bytes/, 'unavailable'],
      [short, /no project key/, 'corrupted'],
    ]
    for (const [lie, saying, kind] of lies) {
      vault.instead = () => [200, lie]
      await assert.rejects(store.unwrap(wrapped, CONTEXT, never), faultOf(kind, saying))
    }
    vault.instead = () => [200, { data: { ciphertext: 'vault:v2:AAAA' } }]
    await assert.rejects(store.wrap(KEY, CONTEXT, never), faultOf('unavailable', /something else/))
  })
})

const shared = untilTheEnd()
let vaultOfAll: Promise<FakeVault> | undefined
let keys = 0
kekStoreContract('transit, at a stand-in for Vault', async () => {
  vaultOfAll ??= FakeVault.start(shared)
  const vault = await vaultOfAll
  keys += 1
  vault.makeKey(`key-${keys}`)
  return opened(shared, vault, { keyName: `key-${keys}` })
})
