import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { digestOf } from '../../../src/lib/digestOf.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

test('is SHA-256 over each text behind its length in four bytes', () => {
  const written = Buffer.concat([
    Buffer.from('00000001', 'hex'),
    Buffer.from('a'),
    Buffer.from('00000000', 'hex'),
    Buffer.from('00000004', 'hex'),
    Buffer.from('🔑'),
  ])
  assert.equal(hex(digestOf('a', '', '🔑')), createHash('sha256').update(written).digest('hex'))
})

test('texts that run together differently differ', () => {
  const digests = [['ab', 'c'], ['a', 'bc'], ['abc', ''], ['', 'abc'], ['abc'], ['a', 'b', 'c']]
  assert.equal(new Set(digests.map((texts) => hex(digestOf(...texts)))).size, digests.length)
})

test('two lists have one digest only when they are equal', () => {
  const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\0'), maxLength: 3 }), {
    maxLength: 4,
  })
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      const areEqual = JSON.stringify(one) === JSON.stringify(other)
      assert.equal(hex(digestOf(...one)) === hex(digestOf(...other)), areEqual)
    }),
  )
})
