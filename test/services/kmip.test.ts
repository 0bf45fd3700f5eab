import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { KeptKekStore } from '../../src/crypto/kek/keptKekStore.ts'
import { KMIP_VERSIONS } from '../../src/crypto/kek/kmip/kmipNames.ts'
import { type KmipRequestToOpen, openKmip } from '../../src/crypto/kek/kmip/openKmip.ts'
import { followedTlsFiles } from '../../src/crypto/kek/tlsFiles.ts'
import { Fault } from '../../src/lib/fault.ts'
import { StartupRefusal } from '../../src/lib/startupRefusal.ts'
import { kekStoreContract } from '../contract/kekStoreContract.ts'
import { ask } from '../peers/ask.ts'
import { startNodes, until } from '../support/severalNodes.ts'
import { PemFolder, pkiNamed } from '../support/testPki.ts'
import { PyKmip } from './pykmip.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-kmip-'))
const CONTEXT = Buffer.from('deployment, project, project-key id')
const CONTRACT_KEYS = Array.from({ length: 60 }, (_, n) => `contract-${n}`)
const never = new AbortController().signal
/** In the gate it is there: a missing one fails. */
const skip =
  existsSync('/usr/bin/pykmip-server') || process.env['CI'] !== undefined
    ? false
    : 'wants a KMIP server: apt install python3-pykmip'
let server: PyKmip
let nextKey = 0
const opened: KeptKekStore[] = []

before(async () => {
  if (skip !== false) return
  server = await PyKmip.start(join(folder, 'one'), await pkiNamed('kmip'))
  await server.keys(...CONTRACT_KEYS.map((name) => `${name}=both`))
})
after(async () => {
  for (const store of opened) await store.close()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

type Wishes = Partial<Omit<KmipRequestToOpen, 'place'>> & {
  readonly tls?: KmipRequestToOpen['place']['tls']
}

async function open({ tls, ...wishes }: Wishes): Promise<KeptKekStore> {
  const { client: files, port } = server
  const store = await openKmip({
    name: 'kmip',
    place: { host: '127.0.0.1', port, tls: tls ?? followedTlsFiles('kmip', files) },
    credential: undefined,
    connections: 4,
    keyName: 'gatehouse',
    formerKeyNames: [],
    known: [],
    wrapping: 'aes-gcm',
    versions: KMIP_VERSIONS,
    ...wishes,
  })
  opened.push(store)
  return store
}

const only = (wanted: string) => KMIP_VERSIONS.filter(({ name }) => name === wanted)

const underItsOwnKey = (wishes: Wishes) => () =>
  open({ keyName: CONTRACT_KEYS[nextKey++] ?? '', ...wishes })

function isRefusal(saying: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof StartupRefusal, String(error))
    assert.match(error.message, saying)
    return true
  }
}

function isFault(kind: Fault['kind']) {
  return (error: unknown) => error instanceof Fault && error.kind === kind
}

describe('KEKs at a PyKMIP server', { skip }, () => {
  kekStoreContract('KMIP 1.4, AES-GCM there', underItsOwnKey({}))
  kekStoreContract('KMIP 2.0, AES-GCM there', underItsOwnKey({ versions: only('2.0') }))
  kekStoreContract(
    'KMIP 1.2, derived there',
    underItsOwnKey({ wrapping: 'derived', versions: only('1.2') }),
  )

  test('each way of wrapping opens what the other wrapped, and 1.3 is spoken as well', async () => {
    await server.keys('both-ways=both')
    const gcm = await open({ keyName: 'both-ways' })
    const derived = await open({ keyName: 'both-ways', wrapping: 'derived' })
    assert.deepEqual(gcm.describe().keks, derived.describe().keks)
    const key = Buffer.alloc(32, 7)
    const [one, two] = [
      await gcm.wrap(key, CONTEXT, never),
      await derived.wrap(key, CONTEXT, never),
    ]
    assert.deepEqual(Buffer.from(await derived.unwrap(one, CONTEXT, never)), key)
    assert.deepEqual(Buffer.from(await gcm.unwrap(two, CONTEXT, never)), key)

    const older = await open({ keyName: 'both-ways', wrapping: 'derived', versions: only('1.3') })
    assert.match(older.describe().protection, /KMIP 1\.3/)
    assert.deepEqual(Buffer.from(await older.unwrap(two, CONTEXT, never)), key)
    // Not corrupted: it would open at a server that speaks 1.4.
    await assert.rejects(older.unwrap(one, CONTEXT, never), isFault('unavailable'))
  })

  test('a former KEK unwraps what it wrapped, and nothing is wrapped under it', async () => {
    const [former = ''] = await server.keys('of-last-year=both')
    const before = await open({ keyName: 'of-last-year' })
    const key = Buffer.alloc(32, 9)
    const wrapped = await before.wrap(key, CONTEXT, never)
    await server.keys('of-this-year=both')
    const store = await open({ keyName: 'of-this-year', formerKeyNames: ['of-last-year'] })
    assert.deepEqual(
      store.describe().keks.map(({ state }) => state),
      ['primary', 'decrypt-only'],
    )
    assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, never)), key)
    assert.notEqual((await store.wrap(key, CONTEXT, never)).kekId, former)
    // Until the new one has a canary in the database, and is promoted, all nodes stay with the former.
    const waiting = await open({
      keyName: 'of-this-year',
      formerKeyNames: ['of-last-year'],
      known: [{ id: former, isRetired: false }],
    })
    assert.equal((await waiting.wrap(key, CONTEXT, never)).kekId, former)
    const [next = ''] = store.describe().keks.map(({ id }) => id)
    const canary = await waiting.wrapUnder(next, key, CONTEXT, never)
    waiting.follow([former, next].map((id) => ({ id, isRetired: false })))
    assert.equal((await waiting.wrap(key, CONTEXT, never)).kekId, next)
    assert.deepEqual(Buffer.from(await store.unwrap(canary, CONTEXT, never)), key)
    // By its identifier as well.
    const byId = await open({ keyName: former })
    assert.equal(byId.describe().currentKekId, former)
  })

  test('a key that cannot serve is refused with what is wrong with it', async () => {
    const [twin = ''] = await server.keys('twins=both', 'twins=both')
    await server.keys('unborn=both:new', 'signs=sign', 'reads-not=encrypt', 'small=short')
    const cases: readonly (readonly [Wishes, RegExp])[] = [
      [{ keyName: 'nobody' }, /has no object with the name or identifier nobody/],
      [{ keyName: 'twins' }, new RegExp(`has 2 objects named twins \\(.*${twin}`)],
      [{ keyName: 'unborn' }, /unborn at the KMIP server is Pre-Active; it has to be Active/],
      [{ keyName: 'signs' }, /may not encrypt/],
      [{ keyName: 'reads-not' }, /may not decrypt/],
      [{ keyName: 'small' }, /has 128 bits; a KEK has 256/],
      [
        { keyName: 'small', versions: only('1.3') },
        /aes-gcm, which wants KMIP 1\.4, and 1\.3 is what the server speaks/,
      ],
    ]
    for (const [wishes, saying] of cases) {
      await assert.rejects(open(wishes), isRefusal(saying))
      if (wishes.versions !== undefined) continue
      await assert.rejects(open({ ...wishes, versions: only('2.0') }), isRefusal(saying))
    }
    // Deriving never decrypts.
    await open({ keyName: 'reads-not', wrapping: 'derived' })
  })

  test('a key that was revoked meanwhile is no corruption', async () => {
    const [id = ''] = await server.keys('short-lived=both')
    const store = await open({ keyName: 'short-lived' })
    const wrapped = await store.wrap(Buffer.alloc(32), CONTEXT, never)
    await server.keys(`revoke=${id}`)
    await assert.rejects(store.unwrap(wrapped, CONTEXT, never), isFault('unavailable'))
    await assert.rejects(store.wrap(Buffer.alloc(32), CONTEXT, never), isFault('unavailable'))
    await store.health(never)
  })

  test('a server of another CA, no certificate of ours, and one of another CA are refused', async (t) => {
    const other = await pkiNamed('another')
    const pems = new PemFolder(t)
    const stranger = pems.put(
      'stranger',
      await other.issue({ commonName: 'gatehouse', alternativeNames: [], usage: 'client' }),
    )
    const { caFile, certFile, keyFile } = server.client
    const tls = (paths: Partial<Record<'caFile' | 'certFile' | 'keyFile', string>>) =>
      followedTlsFiles('kmip', {
        caFile: undefined,
        certFile: undefined,
        keyFile: undefined,
        ...paths,
      })
    await assert.rejects(
      open({ tls: tls({ caFile: pems.write('ca.pem', other.caPem), certFile, keyFile }) }),
      isRefusal(/cannot be reached: SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY/),
    )
    await assert.rejects(open({ tls: tls({ caFile }) }), isRefusal(/\[kmip\] cannot be used: the/))
    await assert.rejects(
      open({ tls: tls({ caFile, ...stranger }) }),
      isRefusal(/\[kmip\] cannot be used: the/),
    )
  })

  test('another client of the server does not see our key', async (t) => {
    await server.keys('ours=both')
    const pki = await pkiNamed('kmip')
    const { certFile, keyFile } = new PemFolder(t).put(
      'neighbour',
      await pki.issue({ commonName: 'neighbour', alternativeNames: [], usage: 'client' }),
    )
    const { caFile } = server.client
    await assert.rejects(
      open({ keyName: 'ours', tls: followedTlsFiles('kmip', { caFile, certFile, keyFile }) }),
      isRefusal(/has no object with the name or identifier ours/),
    )
  })

  test('many at once share a few connections', async () => {
    await server.keys('busy=both')
    const store = await open({ keyName: 'busy', connections: 2 })
    const keys = Array.from({ length: 20 }, (_, n) => Buffer.alloc(32, n))
    const wrapped = await Promise.all(keys.map((key) => store.wrap(key, CONTEXT, never)))
    const back = await Promise.all(wrapped.map((one) => store.unwrap(one, CONTEXT, never)))
    assert.deepEqual(
      back.map((key) => Buffer.from(key)),
      keys,
    )
  })

  test('away, it is unavailable; back, it is found by itself', async () => {
    await server.keys('patient=both')
    const store = await open({ keyName: 'patient' })
    const key = Buffer.alloc(32, 3)
    const wrapped = await store.wrap(key, CONTEXT, never)
    await server.stop()
    await assert.rejects(store.unwrap(wrapped, CONTEXT, never), isFault('unavailable'))
    await assert.rejects(store.health(never), isFault('unavailable'))
    await assert.rejects(open({ keyName: 'patient' }), isRefusal(/cannot be reached: ECONNREFUSED/))
    await server.startAgain()
    assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, never)), key)
    await store.health(never)
  })
})

test('a server keeps its KEK in KMIP: secrets, status, an outage, another KEK', {
  skip,
}, async (t) => {
  await server.keys('cloud=both', 'wrong=both')
  const { port, client } = server
  const kmip = {
    host: '127.0.0.1',
    port: String(port),
    ca_certs: client.caFile,
    certfile: client.certFile,
    keyfile: client.keyFile,
    key_name: 'cloud',
  }
  const { nodes, caller } = await startNodes(t, ['sqlite:///gatehouse.sqlite'], {
    secretstore: { kek_store: 'kmip' },
    // Strict: each use of a project key asks the KMIP server.
    project_keys: { cache_ttl: '0' },
    kmip,
  })
  const [node] = nodes
  assert.ok(node !== undefined)
  const creator = await caller('p', ['creator'])
  const id = await creator.store(node, 'kept elsewhere')
  assert.equal(await creator.payload(node, id), 'kept elsewhere')
  const status = await node.command('kek', 'status')
  assert.match(status, /store {7}kmip \(kmip\), cloud at 127\.0\.0\.1:\d+/)
  assert.match(status, /protection {2}KMIP 1\.4 server .*, AES-GCM there/)

  await server.stop()
  await assert.rejects(node.command('kek', 'status'), (error) => codeOf(error) === 14)
  const away = await ask(`${node.url}/v1/secrets/${id}/payload`, {
    token: creator.token,
    headers: { accept: 'text/plain' },
  })
  assert.equal(away.status, 503)
  assert.ok(away.headers.has('retry-after'))
  await server.startAgain()
  await until(
    async () => (await creator.payload(node, id)) === 'kept elsewhere',
    'it does not find the KMIP server again',
  )

  await node.restart()
  assert.equal(await creator.payload(node, id), 'kept elsewhere')
  // A KEK that is only named waits; nothing changes for what is there, nor for what comes.
  await server.keys('next=both')
  await node.stop()
  await node.reconfigure({ kmip: { key_name: 'next', former_key_names: 'cloud' } })
  await node.startAgain()
  assert.equal(await creator.payload(node, id), 'kept elsewhere')
  const other = await caller('another project', ['creator'])
  assert.equal(await other.payload(node, await other.store(node, 'made now')), 'made now')
  assert.match(await node.command('kek', 'status'), /decrypt-only .*\nprimary .*\(wraps new keys\)/)
  await node.stop()
  await node.reconfigure({ kmip: { key_name: 'wrong', former_key_names: '' } })
  await assert.rejects(node.command('kek', 'status'), (error: unknown) => {
    assert.equal(codeOf(error), 4)
    return true
  })
  await node.reconfigure({ kmip: { key_name: 'cloud', keyfile: join(folder, 'nowhere.key') } })
  await assert.rejects(node.command('kek', 'status'), (error: unknown) => {
    assert.equal(codeOf(error), 4)
    assert.match(String(error), /The key in .*nowhere\.key cannot be read: ENOENT/)
    return true
  })
  assert.doesNotMatch(await node.logs(), /integrity|"level":"fatal"/)
})

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
