import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PRIMITIVES, type Primitive } from '../../../src/crypto/primitives.ts'
import { primitivesFor, selfTest, tryPrimitives } from '../../../src/crypto/selfTest.ts'
import { StartupRefusal } from '../../../src/lib/startupRefusal.ts'

const RIGHT: Primitive = {
  name: 'identity',
  use: 'secrets',
  isQuick: true,
  source: 'here',
  compute: () => Uint8Array.of(1),
  answer: '01',
}
const BROKEN = new Error('error:0308010C:digital envelope routines::unsupported')
const broken = (): never => {
  throw BROKEN
}

describe('the self-test', () => {
  test('passes with this Node, the slow ones included', async () => {
    await selfTest(PRIMITIVES)
  })

  test('refuses a primitive that gives a wrong answer, by name and source', async () => {
    await selfTest([RIGHT])
    await assert.rejects(
      selfTest([RIGHT, { ...RIGHT, name: 'ROT13', answer: '02' }]),
      (error) => error instanceof StartupRefusal && /^ROT13 .* \(here\)/.test(error.message),
    )
  })

  test('refuses a primitive that does not run, in one sentence with the reason, and keeps the cause', async () => {
    await assert.rejects(
      selfTest([{ ...RIGHT, name: 'SHA-256', compute: broken }]),
      (error) =>
        error instanceof StartupRefusal &&
        error.cause === BROKEN &&
        /^SHA-256 does not work .*unsupported.*FIPS.*docs\/fips\.md/.test(error.message) &&
        !error.message.includes('\n'),
    )
  })

  test('notices each primitive of ours that answers something else', async () => {
    for (const primitive of PRIMITIVES.filter(({ isQuick }) => isQuick)) {
      const liar = { ...primitive, compute: () => Uint8Array.of(0x7f) }
      await assert.rejects(selfTest([liar]), StartupRefusal, primitive.name)
    }
  })

  test('tries what the settings ask for, and always what secrets are sealed with', () => {
    const named = (uses: Parameters<typeof primitivesFor>[0]) =>
      primitivesFor(uses).map(({ name }) => name)
    const least = named(new Set())
    for (const name of ['AES-256-GCM', 'SHA-256', 'HMAC-SHA256', 'HKDF-SHA256']) {
      assert.ok(least.includes(name), name)
    }
    assert.ok(!least.includes('scrypt') && !least.includes('Ed25519'))
    assert.ok(named(new Set(['passphrase'])).includes('scrypt'))
    assert.ok(named(new Set(['tokens'])).includes('Ed25519'))
    assert.ok(!named(new Set(['orders'])).includes('RSA-2048 (a new pair)'))
  })

  test('tells doctor of all of them, also behind one that fails', async () => {
    const results = await tryPrimitives([{ ...RIGHT, compute: broken }, RIGHT], () => 0)
    assert.deepEqual(
      results.map(({ trouble }) => trouble === undefined),
      [false, true],
    )
  })
})
