import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { strip } from '../../../src/lib/strip.ts'
import { anyCharacter } from '../../support/anyCharacter.ts'

test('strips what Python calls white space, and only that', () => {
  assert.equal(
    strip(' \t\r\n\v\f\x1c\x1d\x1e\x1f\x85\xa0\u2003\u3000a b\u2028\u205f\u1680 '),
    'a b',
  )
  assert.equal(strip('\ufeffa\ufeff'), '\ufeffa\ufeff')
  assert.equal(strip('\u200ba\u180e'), '\u200ba\u180e')
  assert.equal(strip(' \n '), '')
})

test('never touches the inside, and a second time changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter }), (text) => {
      const once = strip(text)
      assert.ok(text.includes(once))
      assert.equal(strip(once), once)
    }),
  )
})
