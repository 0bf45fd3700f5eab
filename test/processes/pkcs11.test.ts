import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import type { KeyringEvent } from '../../src/crypto/keyringEvent.ts'
import type { WrappedKey } from '../../src/domain/ports/crypto.ts'
import { StartupRefusal } from '../../src/lib/startupRefusal.ts'
import { kekStoreContract } from '../contract/kekStoreContract.ts'
import { FakeHsm, MECHANISM_NUMBERS } from '../support/fakeHsm.ts'
import { hsmProcessesOf } from '../support/hsmProcesses.ts'
import { refuses } from '../unit/crypto/cryptoRoom.ts'

const CONTEXT = Buffer.from('deployment, project, project-key id')
const signal = new AbortController().signal

interface CleansUp {
  after(work: () => Promise<void>): unknown
}

function hsmOf(t: CleansUp): FakeHsm {
  const hsm = new FakeHsm()
  t.after(() => hsm.remove())
  return hsm
}

async function refusal(opening: Promise<unknown>): Promise<string> {
  const cause = await opening.then(
    () => assert.fail('It was expected to be refused.'),
    (error: unknown) => error,
  )
  assert.ok(cause instanceof StartupRefusal, String(cause))
  return cause.message
}

/** The same bytes as were wrapped. */
async function opens(
  store: Awaited<ReturnType<FakeHsm['open']>>,
  key: Uint8Array,
  wrapped: WrappedKey,
): Promise<void> {
  assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, signal)), Buffer.from(key))
}

/** A store with a key that it wrapped. */
async function inUse(t: CleansUp, changes: Parameters<FakeHsm['open']>[0] = {}) {
  const hsm = hsmOf(t)
  const store = await hsm.open(changes)
  const key = randomBytes(32)
  const wrapped = await store.wrap(key, CONTEXT, signal)
  return { hsm, store, wrapped, opensStill: () => opens(store, key, wrapped) }
}

const hsms: FakeHsm[] = []
after(async () => {
  for (const hsm of hsms) await hsm.remove()
})
// AES-KWP passes it on SoftHSM (test/services).
kekStoreContract('pkcs11 over a fake addon', () => {
  const hsm = new FakeHsm()
  hsms.push(hsm)
  return hsm.open()
})

describe('the token of an HSM', () => {
  test('is found by label, by serial number or by slot, and by being the only one', async (t) => {
    const hsm = hsmOf(t)
    hsm.change(({ tokens }) => tokens.push(hsm.newToken('other', '0002')))
    const none = { serial: undefined, labels: [], slotId: undefined }
    for (const token of [
      { ...none, labels: ['away', 'gatehouse'] },
      { ...none, serial: '0001' },
      { ...none, slotId: 100 },
      { serial: '0001', labels: ['other'], slotId: 101 },
    ]) {
      const store = await hsm.open({ token })
      assert.match(store.describe().protection, /token gatehouse, serial number 0001/)
    }
    assert.match(await refusal(hsm.open({ token: none })), /2 tokens are that is initialized/)
  })

  test('that is not there is named, and so are those that are', async (t) => {
    const hsm = hsmOf(t)
    const token = { serial: undefined, labels: ['elsewhere'], slotId: undefined }
    assert.match(
      await refusal(hsm.open({ token })),
      /no token with the label elsewhere; there are: gatehouse, serial number 0001, slot 100/,
    )
  })

  test('that comes while a start waits for it is used', async (t) => {
    const hsm = hsmOf(t)
    const [token] = hsm.state.tokens
    assert.ok(token)
    hsm.change((state) => {
      state.tokens = []
    })
    const opening = hsm.open({ patienceMs: 60_000 })
    hsm.change(({ tokens }) => tokens.push(token))
    assert.equal((await opening).describe().kind, 'pkcs11')
  })

  test('may bear few sessions, or one call at a time: all are served', async (t) => {
    for (const bears of [{ maxSessions: 3 }, { cannotLock: true }]) {
      const { hsm, opensStill } = await inUse(t, { maxSessions: 16 })
      hsm.change((state) => Object.assign(state, bears))
      await Promise.all(Array.from({ length: 50 }, opensStill))
    }
  })
})

describe('a KEK in an HSM', () => {
  test('is refused when its label names none, several, or the same key twice', async (t) => {
    const hsm = hsmOf(t)
    assert.match(
      await refusal(hsm.open({ labels: ['absent'] })),
      /no AES key with the label absent/,
    )
    hsm.change(({ tokens }) => {
      const [kek] = tokens[0]?.keys ?? []
      if (kek !== undefined) tokens[0]?.keys.push({ ...kek, label: 'twin' })
    })
    assert.match(
      await refusal(hsm.open({ labels: ['kek', 'twin'] })),
      /labels kek and twin name the same key/,
    )
    hsm.addKey('kek')
    assert.match(await refusal(hsm.open()), /Several AES keys of the token have the label kek/)
  })

  test('of another length, or one that can nothing, is refused', async (t) => {
    const hsm = hsmOf(t)
    hsm.change(({ tokens }) =>
      tokens[0]?.keys.push({ label: 'short', value: '00'.repeat(16), uses: ['encrypt'] }),
    )
    hsm.addKey('idle', [])
    assert.match(
      await refusal(hsm.open({ labels: ['short'] })),
      /short has 128 bits; a KEK has 256/,
    )
    assert.match(await refusal(hsm.open({ labels: ['idle'] })), /neither encrypt .* nor wrap/)
  })

  test('wraps by AES-KWP where it must not encrypt, or where the token has no AES-GCM', async (t) => {
    const hsm = hsmOf(t)
    hsm.addKey('wraps', ['wrap'])
    const store = await hsm.open({ labels: ['wraps'] })
    assert.match(store.describe().protection, /CKM_AES_KEY_WRAP_PAD/)
    hsm.change((state) => {
      state.mechanisms = [MECHANISM_NUMBERS.ecb, MECHANISM_NUMBERS.kwp]
    })
    assert.match((await hsm.open()).describe().protection, /CKM_AES_KEY_WRAP_PAD/)
    assert.match(await refusal(hsm.open({ mechanism: 'CKM_AES_GCM' })), /key_wrap_mechanism is/)
    hsm.change((state) => {
      state.mechanisms = [MECHANISM_NUMBERS.ecb]
    })
    assert.match(await refusal(hsm.open()), /neither AES-GCM nor AES-KWP/)
  })

  test('in a token that makes the nonces of AES-GCM itself is refused, and serves by AES-KWP', async (t) => {
    const hsm = hsmOf(t)
    hsm.change((state) => {
      state.appendsNonce = true
    })
    const patienceMs = 60_000
    assert.match(
      await refusal(hsm.open({ patienceMs })),
      /77 bytes where 61 were expected.*AES-KWP/,
    )
    await hsm.open({ mechanism: 'CKM_AES_KEY_WRAP_PAD' })
  })

  test('opens what it wrapped the other way, before the mechanism was changed', async (t) => {
    const hsm = hsmOf(t)
    const gcm = await hsm.open({ mechanism: 'CKM_AES_GCM' })
    const kwp = await hsm.open({ mechanism: 'CKM_AES_KEY_WRAP_PAD' })
    assert.equal(gcm.describe().currentKekId, kwp.describe().currentKekId)
    const key = randomBytes(32)
    await opens(kwp, key, await gcm.wrap(key, CONTEXT, signal))
    await opens(gcm, key, await kwp.wrap(key, CONTEXT, signal))
  })

  test('that is followed by another opens what it wrapped, and wraps nothing new', async (t) => {
    const hsm = hsmOf(t)
    hsm.addKey('next')
    const before = await hsm.open({ labels: ['kek', 'next'] })
    const [old, next] = before.describe().keks
    assert.deepEqual([old?.state, next?.state], ['primary', 'decrypt-only'])
    const key = randomBytes(32)
    const wrapped = await before.wrap(key, CONTEXT, signal)
    assert.equal(wrapped.kekId, old?.id)
    const changed = await hsm.open({ labels: ['next', 'kek'] })
    await opens(changed, key, wrapped)
    assert.equal((await changed.wrap(key, CONTEXT, signal)).kekId, next?.id)
    await refuses(
      (await hsm.open({ labels: ['next'] })).unwrap(wrapped, CONTEXT, signal),
      'corrupted',
    )
  })

  test('wraps before it is current when that is asked for: its canary', async (t) => {
    const hsm = hsmOf(t)
    hsm.addKey('next')
    const store = await hsm.open({ labels: ['kek', 'next'] })
    const id = store.describe().keks[1]?.id ?? ''
    const key = randomBytes(32)
    await opens(store, key, await store.wrapUnder(id, key, CONTEXT, signal))
  })
})

describe('an HSM that fails', () => {
  for (const what of [
    'CKR_DEVICE_REMOVED',
    'CKR_SESSION_HANDLE_INVALID',
    'CKR_TOKEN_NOT_PRESENT',
    'CKR_USER_NOT_LOGGED_IN',
    'CKR_GENERAL_ERROR',
    'CKR_ENCRYPTED_DATA_INVALID',
    'crash',
  ] as const) {
    test(`once by ${what}: the call is answered`, async (t) => {
      const { hsm, store, opensStill } = await inUse(t)
      for (const during of ['wrap', 'unwrap'] as const) {
        hsm.change((state) => {
          state.trouble = { what, during, once: true }
        })
        await store.wrap(randomBytes(32), CONTEXT, signal)
        await opensStill()
        assert.equal(hsm.state.trouble, undefined)
      }
    })
  }

  test('by crashing under fifty calls: each is answered', async (t) => {
    const { hsm, opensStill } = await inUse(t)
    hsm.change((state) => {
      state.trouble = { what: 'crash', during: 'unwrap', once: true }
    })
    await Promise.all(Array.from({ length: 50 }, opensStill))
    assert.equal(hsm.state.logins, 2)
  })

  test('by hanging: given up after its time, and the calls answered by another process', async (t) => {
    const { hsm, opensStill } = await inUse(t, { timeoutMs: 3_000 })
    hsm.change((state) => {
      state.trouble = { what: 'hang', during: 'unwrap', once: true }
    })
    await Promise.all(Array.from({ length: 10 }, opensStill))
    assert.equal(hsm.state.logins, 2)
  })

  test('in one call leaves those under way in peace: they end where they began', async (t) => {
    const { hsm, store, opensStill } = await inUse(t)
    hsm.change((state) => {
      state.hold = 'unwrap'
    })
    const underWay = opensStill()
    await eventually(async () => assert.equal(hsm.state.isHolding, true))
    const before = hsmProcessesOf(process.pid)
    hsm.change((state) => {
      state.trouble = { what: 'CKR_DEVICE_REMOVED', during: 'wrap', once: true }
    })
    await store.wrap(randomBytes(32), CONTEXT, signal)
    const during = hsmProcessesOf(process.pid)
    assert.ok(before.every((pid) => during.includes(pid)))
    assert.equal(during.length, before.length + 1)
    hsm.change((state) => {
      state.isHolding = false
    })
    await underWay
    assert.equal(hsm.state.logins, 2)
  })

  test('for one call alone, by what the key may not do, costs no process', async (t) => {
    const { hsm, store, wrapped } = await inUse(t)
    hsm.change((state) => {
      state.trouble = { what: 'CKR_KEY_FUNCTION_NOT_PERMITTED' }
    })
    await refuses(store.wrap(randomBytes(32), CONTEXT, signal), 'unavailable')
    // Not 'corrupted': what opens for certain did not either.
    await refuses(store.unwrap(wrapped, CONTEXT, signal), 'unavailable')
    assert.equal(hsm.state.logins, 1)
  })

  test('and stays away is unavailable, with the time of the next try, and comes back', async (t) => {
    const { hsm, store, wrapped, opensStill } = await inUse(t)
    hsm.change((state) => {
      state.trouble = { what: 'CKR_DEVICE_REMOVED' }
    })
    const fault = await refuses(store.unwrap(wrapped, CONTEXT, signal), 'unavailable')
    assert.ok(Number(fault.headers['Retry-After']) >= 1)
    await Promise.all(
      Array.from({ length: 20 }, () =>
        refuses(store.unwrap(wrapped, CONTEXT, signal), 'unavailable'),
      ),
    )
    hsm.change((state) => {
      delete state.trouble
    })
    await eventually(opensStill)
  })

  test('and comes back with another KEK under the label is refused until the right one is there', async (t) => {
    const { hsm, store, wrapped, opensStill } = await inUse(t)
    const right = hsm.state.tokens
    hsm.change((state) => {
      state.tokens = [hsm.newToken('gatehouse', '0001')]
      state.trouble = { what: 'crash', during: 'unwrap', once: true }
    })
    const fault = await refuses(store.unwrap(wrapped, CONTEXT, signal), 'unavailable')
    assert.match(fault.message, /has no longer the KEK kek \([0-9a-f]{32}\)/)
    hsm.change((state) => {
      state.tokens = right
    })
    await eventually(opensStill)
  })

  test('while nobody asks is told of all the same, with the reason, once the next one asks', async (t) => {
    const events: KeyringEvent[] = []
    const others = hsmProcessesOf(process.pid)
    const { opensStill } = await inUse(t, { onEvent: (event) => void events.push(event) })
    const pid = hsmProcessesOf(process.pid).find((one) => !others.includes(one))
    assert.ok(pid)
    process.kill(pid, 'SIGKILL')
    await eventually(async () => assert.equal(hsmProcessesOf(process.pid).includes(pid), false))
    await eventually(opensStill)
    assert.deepEqual(events, [
      { kind: 'hsmOpened', store: 'pkcs11' },
      { kind: 'hsmLost', store: 'pkcs11', reason: 'It ended (SIGKILL).' },
      { kind: 'hsmOpened', store: 'pkcs11' },
    ])
  })

  test('has nobody waiting for it after close', async (t) => {
    const others = hsmProcessesOf(process.pid)
    const { store } = await inUse(t)
    const pid = hsmProcessesOf(process.pid).find((one) => !others.includes(one))
    assert.ok(pid)
    await store.close()
    await eventually(async () => assert.equal(hsmProcessesOf(process.pid).includes(pid), false))
  })
})

describe('the PIN of an HSM', () => {
  test('that is wrong is tried once, and by no restart after', async (t) => {
    const hsm = hsmOf(t)
    const right = hsm.pin
    hsm.pin = 'wrong'
    assert.match(
      await refusal(hsm.open({ patienceMs: 60_000 })),
      /refuses the PIN .*not tried again/,
    )
    assert.match(await refusal(hsm.open()), /last PIN it was given was wrong.*hsm check/)
    hsm.pin = right
    assert.match(await refusal(hsm.open()), /last PIN it was given was wrong/)
    assert.equal(hsm.state.logins, 1)
    // As `gatehouse hsm check`, once somebody put it right.
    await hsm.open({ mayTryPin: true })
    await hsm.open()
  })

  test('is not tried where one more wrong one would lock the token', async (t) => {
    const hsm = hsmOf(t)
    hsm.change(({ tokens }) => {
      for (const token of tokens) token.wrongPins = 2
    })
    assert.match(
      await refusal(hsm.open({ mayTryPin: true })),
      /one wrong try away from being locked/,
    )
    assert.equal(hsm.state.logins, 0)
  })

  test('that is changed under a server is tried once; another one in its place heals', async (t) => {
    const { hsm, store, wrapped, opensStill } = await inUse(t)
    hsm.change((state) => {
      for (const token of state.tokens) token.pin = 'new'
      state.trouble = { what: 'crash', during: 'unwrap', once: true }
    })
    const endMs = performance.now() + 1_200
    // A slow machine has not tried it by then; a wrong server would have gone on trying.
    while (performance.now() < endMs || hsm.state.logins < 2) {
      await refuses(store.unwrap(wrapped, CONTEXT, signal), 'unavailable')
    }
    assert.equal(hsm.state.logins, 2)
    hsm.change(({ tokens }) => {
      for (const token of tokens) token.wrongPins = 0
    })
    hsm.pin = 'new'
    await eventually(opensStill)
    assert.equal(hsm.state.logins, 3)
  })

  test('that is missing is asked for', async (t) => {
    const hsm = hsmOf(t)
    hsm.pin = ''
    assert.match(await refusal(hsm.open()), /wants a PIN: give login_file/)
  })
})

describe('the process that talks to an HSM', () => {
  test('sees of our environment what the settings hand on', async (t) => {
    const others = hsmProcessesOf(process.pid)
    await inUse(t, { environment: { SOFTHSM2_CONF: '/somewhere' } })
    const pid = hsmProcessesOf(process.pid).find((one) => !others.includes(one))
    const seen = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter((one) => one !== '')
    assert.deepEqual(seen.sort(), ['SOFTHSM2_CONF=/somewhere', 'UV_THREADPOOL_SIZE=4'])
  })

  test('without the addon says how to come by it, and without the library which one', async (t) => {
    const hsm = hsmOf(t)
    for (const addon of ['pkcs11js', '/nowhere/pkcs11js']) {
      assert.match(await refusal(hsm.open({ addon })), /`npm install pkcs11js`.*\[pkcs11\] addon/)
    }
    assert.match(
      await refusal(hsm.open({ libraryPath: '/nowhere.so' })),
      /library \/nowhere.so cannot be loaded/,
    )
  })
})

/** Each try is awaited; a test that never succeeds ends by the time of its file. */
async function eventually(work: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work()
    } catch (cause) {
      if (tries > 400) throw cause
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
