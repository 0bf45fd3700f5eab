import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { KeptKekStore } from '../../src/crypto/kek/keptKekStore.ts'
import type { Pkcs11Request } from '../../src/crypto/kek/pkcs11/openPkcs11.ts'
import { hsmConnection } from '../../src/crypto/kek/pkcs11/openPkcs11.ts'
import { StartupRefusal } from '../../src/lib/startupRefusal.ts'
import { kekStoreAwayContract } from '../contract/kekStoreAwayContract.ts'
import { kekStoreContract } from '../contract/kekStoreContract.ts'
import { hsmProcessesOf } from '../support/hsmProcesses.ts'
import { NO_SOFT_HSM, SoftHsm } from '../support/softHsm.ts'

const CONTEXT = Buffer.from('deployment, project, project-key id')
const signal = new AbortController().signal

describe('SoftHSM', { skip: NO_SOFT_HSM, timeout: 900_000 }, () => {
  let hsm: SoftHsm
  const stores: KeptKekStore[] = []
  let labels = 0
  before(async () => {
    hsm = await SoftHsm.make()
    await hsm.addToken('gatehouse')
  })
  after(async () => {
    for (const store of stores) await store.close()
    await hsm?.remove()
  })

  /** A KEK of its own in the one token. */
  async function freshKek(): Promise<string> {
    labels += 1
    const label = `kek-${labels}`
    const connection = hsmConnection(hsm.request({ labels: [] }), () => undefined)
    await connection.ask({ verb: 'generate', label }, [], signal)
    connection.close()
    return label
  }

  /** One after the other: SoftHSM's files do not bear that one process looks while another makes a key. */
  let opening: Promise<unknown> = Promise.resolve()
  function open(changes: Partial<Pkcs11Request> = {}): Promise<KeptKekStore> {
    const opened = opening.then(async () => {
      const store = await hsm.open({ labels: [await freshKek()], ...changes })
      stores.push(store)
      return store
    })
    opening = opened.catch(() => undefined)
    return opened
  }

  async function inUse(changes: Partial<Pkcs11Request> = {}) {
    const others = hsmProcessesOf(process.pid)
    const store = await open(changes)
    const [pid] = hsmProcessesOf(process.pid).filter((one) => !others.includes(one))
    const key = randomBytes(32)
    const wrapped = await store.wrap(key, CONTEXT, signal)
    const opensStill = async () =>
      assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, signal)), key)
    return { store, pid: pid ?? assert.fail(), wrapped, opensStill }
  }

  kekStoreContract('SoftHSM, AES-GCM', () => open({ mechanism: 'CKM_AES_GCM' }))
  kekStoreContract('SoftHSM, AES-KWP', () => open({ mechanism: 'CKM_AES_KEY_WRAP_PAD' }))
  kekStoreAwayContract('SoftHSM whose tokens are taken away', async () => ({
    store: await open(),
    takeAway: () => hsm.takeAway(),
    bringBack: () => hsm.bringBack(),
  }))

  test('makes KEKs that do not leave it', async () => {
    const { protection } = (await open()).describe()
    assert.doesNotMatch(protection, /may leave the token/)
  })

  test('killed in its process: the calls under way are answered by the next one', async () => {
    const { pid, opensStill } = await inUse()
    const calls = Array.from({ length: 200 }, opensStill)
    process.kill(pid, 'SIGKILL')
    await Promise.all(calls)
  })

  test('as by a vendor library that reads where nothing is: the same', async () => {
    const { pid, opensStill } = await inUse()
    process.kill(pid, 'SIGSEGV')
    await Promise.all(Array.from({ length: 20 }, opensStill))
  })

  test('stopped, as by a cable that is pulled: after its time another process answers', async () => {
    const { pid, opensStill } = await inUse({ timeoutMs: 3_000 })
    process.kill(pid, 'SIGSTOP')
    await Promise.all(Array.from({ length: 20 }, opensStill))
    assert.equal(hsmProcessesOf(process.pid).includes(pid), false)
  })

  test('gives up a wrong PIN after one try, and says so to the next start', async () => {
    const label = await freshKek()
    const wrong = { labels: [label], readPin: () => Buffer.from('wrong') }
    await assert.rejects(hsm.open(wrong), (error) => {
      return error instanceof StartupRefusal && /CKR_PIN_INCORRECT/.test(error.message)
    })
    await assert.rejects(hsm.open({ labels: [label] }), /last PIN it was given was wrong/)
    // As `gatehouse hsm check`.
    await (await hsm.open({ labels: [label], mayTryPin: true })).close()
    await (await hsm.open({ labels: [label] })).close()
  })

  test('finds one of two tokens by serial number, where both have one label', async () => {
    const label = await freshKek()
    const serial = /serial number (\w+)/.exec((await open()).describe().protection)?.[1]
    await hsm.addToken('gatehouse')
    await assert.rejects(hsm.open({ labels: [label] }), /token_serial_number tells them apart/)
    const token = { serial, labels: [], slotId: undefined }
    await (await hsm.open({ labels: [label], token })).close()
  })
})
