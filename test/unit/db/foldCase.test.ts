import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { foldCase } from '../../../src/db/foldCase.ts'
import { anyCharacter } from '../../support/anyCharacter.ts'

const SAME = [
  ['AES', 'aes'],
  ['Å', '\u212b', 'A\u030a', 'å'],
  ['Σ', 'σ', 'ς'],
  ['ẞ', 'ß'],
  ['Ǆ', 'ǅ', 'ǆ'],
  ['𐐀', '𐐨'],
  ['Ä', 'a\u0308'],
] as const

test('one letter in any case and any composition folds to one form', () => {
  for (const letters of SAME) {
    assert.equal(new Set(letters.map(foldCase)).size, 1, letters.join(' '))
  }
})

test('letters without a partner of one code point stay what they are', () => {
  for (const letter of ['ß', 'İ', 'ŉ', 'ﬁ', '🔑', '%', '_', '\\']) {
    assert.equal(foldCase(letter), letter)
  }
  assert.notEqual(foldCase('ß'), foldCase('ss'))
  assert.notEqual(foldCase('İ'), foldCase('i'))
})

test('one character of NFC stays one, so that `_` counts them', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal([...foldCase(text)].length, [...text.normalize('NFC')].length)
    }),
  )
})

test('folding is done once: a folded text folds to itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: anyCharacter, maxLength: 20 }), (text) => {
      assert.equal(foldCase(foldCase(text)), foldCase(text))
    }),
  )
})

test('a pattern cut out of a name folds as that part of the name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.constantFrom('Σ', 'ΑΣ', 'ς '), (a, b) => {
      assert.equal(foldCase(a) + foldCase(b), foldCase(a + b))
    }),
  )
})
