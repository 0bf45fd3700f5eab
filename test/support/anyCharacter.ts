import fc from 'fast-check'

const FIRST_SURROGATE = 0xd800
const SURROGATES = 0x800
const CODE_POINTS = 0x110000 - SURROGATES

/**
 * Any code point, as fast-check's own unit 'binary' gives it. That one makes a table of them all, to find the way back
 * from a character to its number: a second for each process of tests, and a million strings for its garbage collector.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.nat({ max: CODE_POINTS - 1 }).map(
  (index) => String.fromCodePoint(index < FIRST_SURROGATE ? index : index + SURROGATES),
  (value) => {
    const code = typeof value === 'string' ? value.codePointAt(0) : undefined
    if (code === undefined || String.fromCodePoint(code) !== value || isSurrogate(code)) {
      throw new Error('This is not one code point.')
    }
    return code < FIRST_SURROGATE ? code : code - SURROGATES
  },
)

function isSurrogate(code: number): boolean {
  return code >= FIRST_SURROGATE && code < FIRST_SURROGATE + SURROGATES
}
