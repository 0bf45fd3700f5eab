import fc from 'fast-check'
import type { Ttlv } from '../../../../../src/crypto/kek/kmip/ttlv.ts'

const tag = fc.integer({ min: 0, max: 0xffffff })
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
/** Items of every type, in each other, with tags that mean nothing. */
export const anyItem: fc.Arbitrary<Ttlv> = fc.letrec<{ item: Ttlv }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 6 },
    fc.record({ tag, type: fc.constant('integer'), value: fc.integer() }),
    fc.record({
      tag,
      type: fc.constantFrom('enumeration', 'interval'),
      value: fc.integer({ min: 0, max: 0xffffffff }),
    }),
    fc.record({ tag, type: fc.constantFrom('longInteger', 'dateTime'), value: long }),
    fc.record({ tag, type: fc.constant('boolean'), value: fc.boolean() }),
    fc.record({ tag, type: fc.constant('text'), value: fc.string({ unit: 'grapheme' }) }),
    fc.record({ tag, type: fc.constant('bytes'), value: fc.uint8Array({ maxLength: 40 }) }),
    fc.record({
      tag,
      type: fc.constant('structure'),
      items: fc.array(tie('item'), { maxLength: 4 }),
    }),
  ) as fc.Arbitrary<Ttlv>,
})).item
