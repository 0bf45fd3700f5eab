import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  flawOfPassphrase,
  takePassphrase,
  wantsPassphrase,
} from '../../../src/domain/passphrase.ts'

const anything = fc.oneof(fc.anything(), fc.string(), fc.constantFrom('', null, undefined))

test('whatever was given under either name: it is nowhere in the meta, and asked for where it was', () => {
  fc.assert(
    fc.property(anything, anything, (passphrase, passPhrase) => {
      const { meta, given } = takePassphrase({ name: 'x', passphrase, pass_phrase: passPhrase })
      for (const [key, value] of Object.entries(meta)) {
        if (key === 'name') continue
        assert.ok(value === '********' || value === '' || value === null || value === undefined)
      }
      assert.equal(meta['name'], 'x')
      assert.equal(wantsPassphrase(meta), given.length > 0)
    }),
  )
})

test('nobody can ask for a passphrase by sending the stars without being given one', () => {
  const { meta, given } = takePassphrase({ passphrase: '********' })
  assert.deepEqual(given.map(String), ['********'])
  assert.ok(wantsPassphrase(meta))
})

test('one passphrase of 1 to 1023 bytes is sound, under one name or both', () => {
  const a = Buffer.from('a')
  for (const given of [[], [a], [a, Buffer.from('a')], [Buffer.alloc(1023, 97)]]) {
    assert.equal(flawOfPassphrase(given), undefined)
  }
  for (const given of [
    ['notText'],
    [a, 'notText'],
    ['notText', a],
    [a, Buffer.from('b')],
    [Buffer.alloc(1024, 97)],
  ] as const) {
    assert.equal(typeof flawOfPassphrase(given), 'string')
  }
})
