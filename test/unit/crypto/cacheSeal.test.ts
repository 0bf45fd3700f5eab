import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { SharedCacheSeal } from '../../../src/crypto/cacheSeal.ts'

const SECRET = createSecretKey(randomBytes(32))
const ours = new SharedCacheSeal(SECRET, 'deployment')
const CONTENT = Buffer.from('{"roles":["admin"]}')

test('another node with the same secret opens what one sealed', () => {
  const other = new SharedCacheSeal(SECRET, 'deployment')
  const name = ours.nameOf('live', 'hash of a token')
  assert.equal(other.nameOf('live', 'hash of a token'), name)
  assert.deepEqual(other.open(name, ours.seal(name, CONTENT)), CONTENT)
})

test('a name shows neither the token nor its hash, and differs by space, secret and deployment', () => {
  const key = 'a'.repeat(64)
  const names = [
    ours.nameOf('live', key),
    ours.nameOf('expired', key),
    new SharedCacheSeal(SECRET, 'another').nameOf('live', key),
    new SharedCacheSeal(createSecretKey(randomBytes(32)), 'deployment').nameOf('live', key),
  ]
  assert.equal(new Set(names).size, names.length)
  for (const name of names) assert.match(name, /^gatehouse:token:1:[\w-]{43}$/)
  assert.ok(!names.some((name) => name.includes(key)))
})

test('an entry put under another name does not open', () => {
  const [one, other] = [ours.nameOf('live', 'one'), ours.nameOf('live', 'other')]
  assert.equal(ours.open(other, ours.seal(one, CONTENT)), undefined)
  const expired = ours.nameOf('expired', 'one')
  assert.equal(ours.open(one, ours.seal(expired, CONTENT)), undefined)
})

test('an entry of another deployment or secret does not open, even under the same name', () => {
  const name = ours.nameOf('live', 'one')
  for (const stranger of [
    new SharedCacheSeal(SECRET, 'another'),
    new SharedCacheSeal(createSecretKey(randomBytes(32)), 'deployment'),
  ]) {
    assert.equal(ours.open(name, stranger.seal(name, CONTENT)), undefined)
  }
})

test('one changed bit, a cut and an invention do not open', () => {
  const name = ours.nameOf('live', 'one')
  const sealed = ours.seal(name, CONTENT)
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    assert.equal(ours.open(name, changed), undefined, `byte ${at}`)
    assert.equal(ours.open(name, sealed.subarray(0, at)), undefined, `cut at ${at}`)
  }
  assert.equal(ours.open(name, randomBytes(200)), undefined)
})

test('the same answer is never sealed to the same bytes, and shows nothing of itself', () => {
  const name = ours.nameOf('live', 'one')
  const [first, second] = [ours.seal(name, CONTENT), ours.seal(name, CONTENT)]
  assert.notDeepEqual(first, second)
  assert.ok(!first.includes('admin'))
})
