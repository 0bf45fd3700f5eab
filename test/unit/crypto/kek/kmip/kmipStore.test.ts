import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { KMIP_VERSIONS, TAG } from '../../../../../src/crypto/kek/kmip/kmipNames.ts'
import { type KmipRequestToOpen, openKmip } from '../../../../../src/crypto/kek/kmip/openKmip.ts'
import type { Ttlv } from '../../../../../src/crypto/kek/kmip/ttlv.ts'
import { Fault } from '../../../../../src/lib/fault.ts'
import { kekStoreContract } from '../../../../contract/kekStoreContract.ts'
import { FakeKmip, message, refusal } from '../../../../support/fakeKmip.ts'
import { type CleansUp, CONTEXT, never, untilTheEnd } from '../../../../support/keptStores.ts'
import { faultOf } from '../../../../support/refusals.ts'

/** An answer to Discover Versions. */
const VERSION_1_1: readonly Ttlv[] = [
  { tag: TAG.resultStatus, type: 'enumeration', value: 0 },
  {
    tag: TAG.responsePayload,
    type: 'structure',
    items: [
      {
        tag: TAG.protocolVersion,
        type: 'structure',
        items: [
          { tag: TAG.protocolVersionMajor, type: 'integer', value: 1 },
          { tag: TAG.protocolVersionMinor, type: 'integer', value: 1 },
        ],
      },
    ],
  },
]

async function opened(t: CleansUp, fake: FakeKmip, wishes: Partial<KmipRequestToOpen> = {}) {
  const store = await openKmip({
    name: 'kmip',
    place: fake.place,
    credential: undefined,
    connections: 2,
    keyName: 'gatehouse',
    formerKeyNames: [],
    known: [],
    wrapping: 'aes-gcm',
    versions: KMIP_VERSIONS,
    ...wishes,
  })
  t.after(() => store.close())
  return store
}

describe('a KMIP store', () => {
  it('says its name and password with each request', async (t) => {
    const fake = await FakeKmip.start(t)
    const credential = { username: 'gatehouse', password: 'a password' }
    await opened(t, fake, { credential })
    assert.ok(fake.credentials.length > 3)
    assert.deepEqual([...new Set(fake.credentials)], ['gatehouse:a password'])
  })

  it('refuses a server that ignores the context, and derives keys there instead', async (t) => {
    const fake = await FakeKmip.start(t)
    fake.bindsContext = false
    await assert.rejects(opened(t, fake), /ignores additional authenticated data.*derived/)
    await opened(t, fake, { wrapping: 'derived' })
  })

  it('refuses a server that speaks no version of ours, or none that binds', async (t) => {
    const fake = await FakeKmip.start(t)
    fake.versions = [
      [1, 1],
      [1, 2],
    ]
    const [newest] = KMIP_VERSIONS
    assert.ok(newest !== undefined)
    await assert.rejects(opened(t, fake, { versions: [newest] }), /unsupported protocol version/)
    fake.mood = () => message(...VERSION_1_1)
    await assert.rejects(opened(t, fake), /speaks none of KMIP 1\.4, 2\.0, 1\.3, 1\.2/)
    fake.mood = () => undefined
    await assert.rejects(opened(t, fake), /wants KMIP 1\.4, and 1\.2 is what the server speaks/)
  })

  it('finds a server that understands nothing but KMIP 2', async (t) => {
    const fake = await FakeKmip.start(t)
    fake.versions = [[2, 0]]
    const store = await opened(t, fake)
    assert.match(store.describe().protection, /^KMIP 2\.0 server/)
    const wrapped = await store.wrap(Buffer.alloc(32, 2), CONTEXT, never)
    assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, never)), Buffer.alloc(32, 2))
  })

  it('tells a blob that does not open from a server that opens nothing', async (t) => {
    const fake = await FakeKmip.start(t)
    const store = await opened(t, fake)
    const { kekId, blob } = await store.wrap(Buffer.alloc(32), CONTEXT, never)
    const damaged = Uint8Array.from(blob, (byte, at) => (at === 20 ? byte ^ 1 : byte))
    await assert.rejects(
      store.unwrap({ kekId, blob: damaged }, CONTEXT, never),
      (error) => error instanceof Fault && error.kind === 'corrupted',
    )
    // General Failure and Cryptographic Failure of whatever it is asked: that says nothing of the blob.
    for (const reason of [0x100, 0x0a]) {
      fake.mood = () => refusal(reason, 'the module is gone')
      await assert.rejects(
        store.unwrap({ kekId, blob }, CONTEXT, never),
        faultOf('unavailable', /the module is gone/),
      )
    }
    fake.mood = () => refusal(0x0c, 'not any more')
    await assert.rejects(
      store.unwrap({ kekId, blob: damaged }, CONTEXT, never),
      faultOf('unavailable', /Permission Denied: not any more/),
    )
  })

  it('finds a server again that closed its connections, without anybody noticing', async (t) => {
    const fake = await FakeKmip.start(t)
    const store = await opened(t, fake)
    const wrapped = await store.wrap(Buffer.alloc(32, 5), CONTEXT, never)
    const before = fake.connections
    fake.dropConnections()
    assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, never)), Buffer.alloc(32, 5))
    assert.equal(fake.connections, before + 1)
    // One that dies as it is asked: asked again on a new one.
    let isFirst = true
    fake.mood = (_, socket) => {
      if (!isFirst) return undefined
      isFirst = false
      socket.destroy()
      return 'silence'
    }
    await store.unwrap(wrapped, CONTEXT, never)
    assert.equal(fake.connections, before + 2)
  })

  it('believes no answer that is none', async (t) => {
    const fake = await FakeKmip.start(t)
    const store = await opened(t, fake)
    const wrapped = await store.wrap(Buffer.alloc(32), CONTEXT, never)
    const sound = message({ tag: 0x42007f, type: 'enumeration', value: 0 })
    const endless = Buffer.from('42007b0100100000', 'hex')
    const lies: readonly (readonly [Buffer, RegExp])[] = [
      [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /not answer as a KMIP server/],
      [endless, /not answer as a KMIP server/],
      [Buffer.from('42007b0700000008', 'hex'), /not answer as a KMIP server/],
      [sound, /lacks 0x42007c/],
      [Buffer.concat([sound, sound]), /more than it was asked/],
      [Buffer.from('42007b01000000080000000000000000', 'hex'), /item of type 0/],
    ]
    for (const [lie, saying] of lies) {
      fake.mood = () => lie
      await assert.rejects(store.unwrap(wrapped, CONTEXT, never), faultOf('unavailable', saying))
    }
    // Of the right shape, and of the wrong length.
    fake.mood = () =>
      message(
        { tag: 0x42007f, type: 'enumeration', value: 0 },
        {
          tag: 0x42007c,
          type: 'structure',
          items: [{ tag: 0x4200c2, type: 'bytes', value: Buffer.alloc(31) }],
        },
      )
    await assert.rejects(
      store.unwrap(wrapped, CONTEXT, never),
      faultOf('unavailable', /number of bytes/),
    )
    fake.mood = () => undefined
    await store.unwrap(wrapped, CONTEXT, never)
  })

  it('waits no longer than it is told, for an answer or for its turn, and goes on afterwards', async (t) => {
    const fake = await FakeKmip.start(t)
    const store = await opened(t, fake, { connections: 1 })
    const wrapped = await store.wrap(Buffer.alloc(32), CONTEXT, never)
    fake.mood = () => 'silence'
    const given = new AbortController()
    const calls = [1, 2, 3].map(() => store.unwrap(wrapped, CONTEXT, given.signal))
    const settled = Promise.allSettled(calls)
    await delay(20)
    given.abort(new Error('enough'))
    for (const one of await settled) {
      assert.equal(one.status, 'rejected')
      assert.match(String(one.reason), /enough/)
    }
    fake.mood = () => undefined
    await store.unwrap(wrapped, CONTEXT, never)
  })

  it('closed in the middle of a call, ends it', async (t) => {
    const fake = await FakeKmip.start(t)
    const store = await opened(t, fake)
    const asked = Promise.withResolvers<void>()
    fake.mood = () => {
      asked.resolve()
      return 'silence'
    }
    const call = store.health(never)
    const ended = assert.rejects(call, faultOf('unavailable', /is closed/))
    await asked.promise
    await store.close()
    await ended
  })

  it('repeats no line break and no escape of a server in an error', async (t) => {
    const fake = await FakeKmip.start(t)
    const store = await opened(t, fake)
    fake.mood = () => refusal(0x0c, `no\n\u001b[31m${'x'.repeat(5000)}`)
    await assert.rejects(store.wrap(Buffer.alloc(32), CONTEXT, never), (error: unknown) => {
      const said = error instanceof Error ? error.message : ''
      assert.ok(said.length < 400)
      assert.equal(said.includes('\n') || said.includes('\u001b'), false)
      return true
    })
  })
})

const shared = untilTheEnd()
for (const wrapping of ['aes-gcm', 'derived'] as const) {
  kekStoreContract(`KMIP at a server of the tests, ${wrapping}`, async () =>
    opened(shared, await FakeKmip.start(shared), { wrapping }),
  )
}
