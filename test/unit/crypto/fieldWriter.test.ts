import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FieldWriter } from '../../../src/crypto/fieldWriter.ts'

function hex(write: (writer: FieldWriter) => FieldWriter): string {
  return Buffer.from(write(new FieldWriter()).written()).toString('hex')
}

describe('FieldWriter', () => {
  test('puts the length of four bytes before each field', () => {
    assert.equal(
      hex((w) => w.text('aes').bytes(Uint8Array.of(1, 2))),
      '00000003616573000000020102',
    )
  })

  test('tells null from empty', () => {
    assert.equal(
      hex((w) => w.nullableText(null)),
      'ffffffff',
    )
    assert.equal(
      hex((w) => w.nullableText('')),
      '00000000',
    )
    assert.equal(
      hex((w) => w.nullableInteger(null)),
      'ffffffff',
    )
    assert.equal(
      hex((w) => w.nullableInteger(0)),
      '0000000130',
    )
  })

  test('moving a character over a border changes the bytes', () => {
    assert.notEqual(
      hex((w) => w.text('ab').text('c')),
      hex((w) => w.text('a').text('bc')),
    )
  })

  test('counts bytes, not characters', () => {
    assert.equal(
      hex((w) => w.text('é€')),
      '00000005c3a9e282ac',
    )
  })

  test('begins again behind its prefix', () => {
    const writer = new FieldWriter().text('label').keepAsPrefix()
    const first = Buffer.from(writer.restart().text('a').written())
    const second = Buffer.from(writer.restart().text('a').written())
    assert.deepEqual(first, second)
    assert.equal(first.length, 4 + 5 + 4 + 1)
  })

  test('grows with what it is given and keeps what it has', () => {
    const long = 'x'.repeat(100_000)
    const written = Buffer.from(new FieldWriter().text('head').text(long).text('tail').written())
    assert.equal(written.length, 12 + 4 + 100_000 + 4)
    assert.equal(written.toString('latin1', 4, 8), 'head')
    assert.equal(written.toString('latin1', written.length - 4), 'tail')
  })

  test('no two lists of fields give the same bytes', () => {
    const field = fc.option(fc.string({ unit: 'grapheme', maxLength: 6 }), { nil: null })
    const fields = fc.array(field, { maxLength: 5 })
    fc.assert(
      fc.property(fields, fields, (a, b) => {
        const write = (list: readonly (string | null)[]) =>
          hex((w) => list.reduce((writer, item) => writer.nullableText(item), w))
        assert.equal(write(a) === write(b), JSON.stringify(a) === JSON.stringify(b))
      }),
      { numRuns: 500 },
    )
  })
})
