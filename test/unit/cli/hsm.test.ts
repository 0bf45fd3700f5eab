import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { FAKE_ADDON, FakeHsm, MECHANISM_NUMBERS } from '../../support/fakeHsm.ts'
import { freshEnvironment, runCli } from '../../support/runCli.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

/** A command line over an HSM made of a file; its KEK is `kek`. */
function hsmCli(t: CleansUp) {
  const hsm = new FakeHsm()
  t.after(() => hsm.remove())
  const pinFile = join(hsm.folder, 'pin')
  writeFileSync(pinFile, `${hsm.pin}\n`, { mode: 0o600 })
  const env = {
    ...freshEnvironment(t),
    OS_PKCS11__ADDON: FAKE_ADDON,
    OS_PKCS11__LIBRARY_PATH: hsm.library,
    OS_PKCS11__TOKEN_LABELS: 'gatehouse',
    OS_PKCS11__MKEK_LABEL: 'kek',
    OS_PKCS11__LOGIN_FILE: pinFile,
  }
  const run = async (...args: readonly string[]) => {
    const started = runCli({ args, env })
    return { code: await started.code, out: started.out(), err: started.err() }
  }
  return { hsm, pinFile, run }
}

describe('gatehouse hsm', () => {
  test('probe lists tokens and what they wrap by, without a PIN', async (t) => {
    const { hsm, run } = hsmCli(t)
    hsm.change(({ tokens }) => {
      for (const token of tokens) token.wrongPins = 1
    })
    const { code, out } = await run('hsm', 'probe')
    assert.equal(code, 0)
    assert.match(out, /^library +\S+ \(Fake PKCS#11 1\.0, Fake\)$/m)
    assert.match(
      out,
      /^gatehouse +0001 +100 +wrong last time +CKM_AES_GCM, CKM_AES_KEY_WRAP_PAD +unknown$/m,
    )
    assert.match(
      out,
      /^\[pkcs11\]\nlibrary_path = \S+\ntoken_serial_number = 0001\nkey_wrap_mechanism = auto$/m,
    )
    assert.equal(hsm.state.logins, 0)
  })

  test('probe ends with 1 where nothing wraps, or there is no library', async (t) => {
    const { hsm, run } = hsmCli(t)
    hsm.change((state) => {
      state.mechanisms = [MECHANISM_NUMBERS.ecb]
    })
    assert.equal((await run('hsm', 'probe')).code, 1)
    const { code, err } = await run('hsm', 'probe', '--library', '/nowhere.so')
    assert.equal(code, 1)
    assert.match(err, /library \/nowhere.so cannot be loaded/)
  })

  test('generate-kek makes a key that check then uses', async (t) => {
    const { hsm, run } = hsmCli(t)
    hsm.change(({ tokens }) => {
      for (const token of tokens) token.keys = []
    })
    const before = await run('hsm', 'check')
    assert.equal(before.code, 4)
    assert.match(before.err, /no AES key with the label kek: `gatehouse hsm generate-kek/)
    const made = await run('hsm', 'generate-kek', '--label', 'kek')
    assert.equal(made.code, 0, made.err)
    const fingerprint = /fingerprint ([0-9a-f]{32})/.exec(made.out)?.[1]
    assert.ok(fingerprint)
    const { code, out } = await run('hsm', 'check')
    assert.equal(code, 0)
    assert.match(out, new RegExp(`^${fingerprint} +primary +yes +none: no server started`, 'm'))
  })

  test('generate-kek leaves a key of that label alone', async (t) => {
    const { hsm, run } = hsmCli(t)
    const { code, err } = await run('hsm', 'generate-kek', '--label', 'kek')
    assert.equal(code, 4)
    assert.match(err, /has an AES key with the label kek: choose another/)
    assert.equal(hsm.state.tokens[0]?.keys.length, 1)
  })

  test('check ends with 4 when a KEK does not give back what it wrapped', async (t) => {
    const { hsm, run } = hsmCli(t)
    hsm.change((state) => {
      state.trouble = { what: 'CKR_KEY_FUNCTION_NOT_PERMITTED', during: 'unwrap' }
    })
    assert.equal((await run('hsm', 'check')).code, 4)
  })

  test('check tries a PIN that was put right, once, where a start would not', async (t) => {
    const { hsm, pinFile, run } = hsmCli(t)
    writeFileSync(pinFile, 'wrong\n')
    for (const logins of [1, 2]) {
      assert.equal((await run('hsm', 'check')).code, 4)
      assert.equal(hsm.state.logins, Math.min(logins, 2))
    }
    // One more would lock it.
    assert.match((await run('hsm', 'check')).err, /one wrong try away from being locked/)
    hsm.change(({ tokens }) => {
      for (const token of tokens) token.wrongPins = 1
    })
    assert.match((await run('kek', 'status')).err, /last PIN it was given was wrong/)
    writeFileSync(pinFile, `${hsm.pin}\n`)
    assert.equal((await run('hsm', 'check')).code, 0)
    assert.equal((await run('kek', 'status')).code, 0)
    assert.equal(hsm.state.logins, 4)
  })

  test('a PIN that others may read is refused', async (t) => {
    const { pinFile, run } = hsmCli(t)
    chmodSync(pinFile, 0o644)
    const { code, err } = await run('hsm', 'check')
    assert.equal(code, 4)
    assert.match(err, /is open to other users \(mode 0644\)/)
  })

  test('a command of an HSM where none is configured says so', async (t) => {
    const started = runCli({ args: ['hsm', 'check'], env: freshEnvironment(t) })
    assert.equal(await started.code, 2)
    assert.match(started.err(), /\[pkcs11\] library_path is missing/)
  })
})
