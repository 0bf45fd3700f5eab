import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { loadOrCreateSigningKey, loadSigningKey } from '../../../src/identity/signingKey.ts'
import { StartupRefusal } from '../../../src/lib/startupRefusal.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gatehouse-key-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

test('the first start makes a key that only its owner may read, the second reads the same', async (t) => {
  const path = join(folder(t), 'signing.pem')
  const first = await loadOrCreateSigningKey(path)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const second = await loadOrCreateSigningKey(path)
  assert.equal(second.kid, first.kid)
  assert.ok(second.privateKey.equals(first.privateKey))
})

test('processes that start together end up with one key, and leave nothing else behind', async (t) => {
  const path = folder(t)
  const keys = await Promise.all(
    Array.from({ length: 10 }, () => loadOrCreateSigningKey(join(path, 'signing.pem'))),
  )
  assert.equal(new Set(keys.map(({ kid }) => kid)).size, 1)
  assert.deepEqual(readdirSync(path), ['signing.pem'])
})

test('a key that others may read or write is refused, and named', async (t) => {
  const path = join(folder(t), 'signing.pem')
  await loadOrCreateSigningKey(path)
  for (const mode of [0o644, 0o640, 0o620, 0o604, 0o602, 0o666]) {
    chmodSync(path, mode)
    await assert.rejects(loadOrCreateSigningKey(path), (error: unknown) => {
      assert.ok(error instanceof StartupRefusal)
      assert.ok(error.message.includes(path) && error.message.includes(mode.toString(8)))
      return true
    })
  }
  chmodSync(path, 0o400)
  await loadOrCreateSigningKey(path)
})

test('a file that is no Ed25519 key is refused and stays as it is', async (t) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const contents = ['', 'nonsense', String(rsa.export({ format: 'pem', type: 'pkcs8' }))]
  for (const content of contents) {
    const path = join(folder(t), 'signing.pem')
    writeFileSync(path, content, { mode: 0o600 })
    await assert.rejects(loadOrCreateSigningKey(path), StartupRefusal)
    assert.equal(readFileSync(path, 'utf8'), content)
  }
})

test('a folder that is not there refuses; inspecting never makes a key', async (t) => {
  const path = folder(t)
  await assert.rejects(loadOrCreateSigningKey(join(path, 'absent', 'signing.pem')), StartupRefusal)
  await assert.rejects(loadSigningKey(join(path, 'signing.pem')), StartupRefusal)
  assert.deepEqual(readdirSync(path), [])
})

test('the key prints as nothing', async (t) => {
  const path = join(folder(t), 'signing.pem')
  const key = await loadOrCreateSigningKey(path)
  const secret = readFileSync(path, 'utf8').split('\n')[1] ?? 'no key'
  assert.ok(!inspect(key, { depth: 9, showHidden: true }).includes(secret))
  assert.ok(!JSON.stringify(key).includes(secret))
})
