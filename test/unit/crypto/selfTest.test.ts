import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { selfTest } from '../../../src/crypto/selfTest.ts'
import { StartupRefusal } from '../../../src/lib/startupRefusal.ts'

const RIGHT = {
  primitive: 'identity',
  source: 'here',
  compute: () => Uint8Array.of(1),
  answer: '01',
}

describe('the self-test', () => {
  test('passes with this Node', () => {
    selfTest()
  })

  test('refuses a primitive that gives a wrong answer, by name and source', () => {
    selfTest([RIGHT])
    const run = () => selfTest([RIGHT, { ...RIGHT, primitive: 'ROT13', answer: '02' }])
    assert.throws(
      run,
      (error) => error instanceof StartupRefusal && /ROT13 .* \(here\)/.test(error.message),
    )
  })

  test('refuses a primitive that does not run, and keeps the cause', () => {
    const cause = new Error('no such digest')
    const compute = () => {
      throw cause
    }
    assert.throws(
      () => selfTest([{ ...RIGHT, compute }]),
      (error) => error instanceof StartupRefusal && error.cause === cause,
    )
  })
})
