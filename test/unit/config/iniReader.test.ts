import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { printAssignment, readIni } from '../../../src/config/iniReader.ts'
import { anyCharacter } from '../../support/anyCharacter.ts'

const valuesOf = (content: string) =>
  readIni(content, 'f').assignments.map(({ section, name, value }) => [section, name, value])
const mistakesOf = (content: string) =>
  readIni(content, 'f').mistakes.map(({ where, what }) => `${where} ${what}`)

describe('the INI reader', () => {
  // Each value was seen to be what oslo.config 9.0 reads.
  const cases: readonly (readonly [string, string, string])[] = [
    ['equals sign', 'a = b', 'b'],
    ['colon', 'a: b', 'b'],
    ['the first of both splits', 'a: b=c', 'b=c'],
    ['an equals sign first', 'a = b:c', 'b:c'],
    ['no value', 'a =', ''],
    ['double quotes go', 'a = "b c"', 'b c'],
    ['single quotes go', "a = 'b'", 'b'],
    ['quotes keep blanks', 'a = " b "', ' b '],
    ['unequal quotes stay', `a = "b'`, `"b'`],
    ['a quote inside stays', 'a = b"c', 'b"c'],
    ['one lone quote is nothing', 'a = "', ''],
    ['a hash inside is no comment', 'a = b # c', 'b # c'],
    ['a semicolon inside is no comment', 'a = b ; c', 'b ; c'],
    ['a continuation', 'a = b\n  c', 'b\nc'],
    ['a continuation behind nothing', 'a =\n\tc', '\nc'],
    ['an indented comment is a continuation', 'a = b\n # c', 'b\n# c'],
    ['carriage returns', 'a = b\r\n c\r\n', 'b\nc'],
    ['old Mac line ends', 'a = b\r', 'b'],
    ['blanks of other scripts around', '\u00a0a\u2003=\u00a0b\u2003', 'b'],
  ]
  for (const [what, line, value] of cases) {
    it(`reads ${what}`, () => assert.deepEqual(valuesOf(`[S]\n${line}\n`), [['S', 'a', value]]))
  }

  it('keeps every occurrence of an option, in order', () => {
    assert.deepEqual(valuesOf('[S]\na=1\na=2\n[T]\na=3\n[S]\na=4'), [
      ['S', 'a', '1'],
      ['S', 'a', '2'],
      ['T', 'a', '3'],
      ['S', 'a', '4'],
    ])
  })

  it('ends a continuation at a blank line and at a comment', () => {
    assert.deepEqual(mistakesOf('[S]\na = b\n\n  c\nd = e\n# x\n  f'), [
      'f:4 "c" is indented, but continues nothing',
      'f:7 "f" is indented, but continues nothing',
    ])
  })

  it('names every line that is wrong, not only the first', () => {
    assert.deepEqual(mistakesOf('a = 1\n[S\n[]\nnonsense\n= x\n  y\n[S]\nb = 2'), [
      'f:1 option "a" stands before any [section]',
      'f:2 "[S" is no section: write [name]',
      'f:3 "[]" is no section: write [name]',
      'f:4 "nonsense" is neither [section] nor name = value',
      'f:5 "..." is neither [section] nor name = value',
      'f:6 "y" is indented, but continues nothing',
    ])
  })

  it('does not repeat what may be a password in a line it cannot read', () => {
    const [mistake = ''] = mistakesOf('[S]\npassword hunter2 is here\n')
    assert.ok(!mistake.includes('hunter2'), mistake)
  })

  it('takes time in proportion to a long run of blanks', () => {
    const started = performance.now()
    readIni(`[S]\na = ${' '.repeat(500_000)}x${' '.repeat(500_000)}\n`, 'f')
    assert.ok(performance.now() - started < 30_000)
  })

  it('never throws, whatever the text', () => {
    const text = fc.string({ unit: fc.constantFrom(...'[]=:#;\'"\\$ \t\n\r\0\ufeffaé', 'DEFAULT') })
    fc.assert(fc.property(text, (content) => void readIni(content, 'f')))
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (content) => void readIni(content, 'f')),
    )
  })

  it('reads back what it prints', () => {
    const line = fc
      .string({ unit: fc.constantFrom(...'ab =:#;[]\'"$,\\é') })
      .filter((one) => one.trim() === one && one !== '')
    const value = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'ab =:#;[]\'"$,\\é') }),
      fc.array(line, { minLength: 2, maxLength: 4 }).map((lines) => lines.join('\n')),
    )
    fc.assert(
      fc.property(value, (given) => {
        const content = `[S]\n${printAssignment('name', given)}\n`
        assert.deepEqual(valuesOf(content), [['S', 'name', given]])
        assert.deepEqual(mistakesOf(content), [])
      }),
      { numRuns: 500 },
    )
  })
})
