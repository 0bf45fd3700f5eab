import fc from 'fast-check'
import { anyCharacter } from '../support/anyCharacter.ts'

/** Text that decoders stumble over: special names, escapes, every plane of Unicode, halves of surrogate pairs. */
export const hostileText = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom(...'%+&=;:,.*/"\\ \t\n\r\0-_aZ09é\ufeff\ud800\udc00'.split('')),
  }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined'),
)

/** JSON values of any shape, with hostile texts for keys and values. */
export const hostileJson: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, false, 0, -0, 1, 256, 1.5, 1e300, -1, ''),
    hostileText,
    fc.double(),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(hostileText, tie('value'), { maxKeys: 5 }),
  ),
})).value

/** An object with some of the properties that a resource knows, each of any value at all. */
export function objectWith(...names: readonly string[]): fc.Arbitrary<unknown> {
  const value = fc.oneof(hostileJson, hostileText, fc.integer())
  return fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] })
}

export const anyBytes = fc.uint8Array({ maxLength: 300 }).map((it) => Buffer.from(it))

export function holds<T>(arbitrary: fc.Arbitrary<T>, work: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, work), { numRuns: 200 })
}
