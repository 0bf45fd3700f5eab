import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  decodeTtlv,
  encodeTtlv,
  MalformedTtlv,
  type Ttlv,
} from '../../../../../src/crypto/kek/kmip/ttlv.ts'
import { anyItem } from './arbitraryTtlv.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

/** The examples of the standard itself: KMIP 1.2, section 9.1.2. */
const EXAMPLES: readonly (readonly [Ttlv, string])[] = [
  [{ tag: 0x420020, type: 'integer', value: 8 }, '42002002 00000004 0000000800000000'],
  [
    { tag: 0x420020, type: 'longInteger', value: 123456789000000000n },
    '42002003 00000008 01B69B4BA5749200',
  ],
  [
    { tag: 0x420020, type: 'bigInteger', value: hex('0000000003FD35EB6BC2DF4618080000') },
    '42002004 00000010 0000000003FD35EB6BC2DF4618080000',
  ],
  [{ tag: 0x420020, type: 'enumeration', value: 255 }, '42002005 00000004 000000FF00000000'],
  [{ tag: 0x420020, type: 'boolean', value: true }, '42002006 00000008 0000000000000001'],
  [
    { tag: 0x420020, type: 'text', value: 'Hello World' },
    '42002007 0000000B 48656C6C6F20576F726C640000000000',
  ],
  [{ tag: 0x420020, type: 'bytes', value: hex('010203') }, '42002008 00000003 0102030000000000'],
  [{ tag: 0x420020, type: 'dateTime', value: 1205495800n }, '42002009 00000008 0000000047DA67F8'],
  [{ tag: 0x420020, type: 'interval', value: 864000 }, '4200200A 00000004 000D2F0000000000'],
  [
    {
      tag: 0x420020,
      type: 'structure',
      items: [
        { tag: 0x420004, type: 'enumeration', value: 254 },
        { tag: 0x420005, type: 'integer', value: 255 },
      ],
    },
    '42002001 00000020 42000405 00000004 000000FE00000000 42000502 00000004 000000FF00000000',
  ],
]

describe('TTLV', () => {
  it('is as the standard shows it', () => {
    for (const [item, shown] of EXAMPLES) {
      assert.deepEqual(encodeTtlv(item), hex(shown))
      assert.deepEqual(plain(decodeTtlv(hex(shown))), plain(item))
    }
  })

  it('reads what it wrote', () => {
    fc.assert(
      fc.property(anyItem, (item) => {
        const bytes = encodeTtlv(item)
        assert.equal(bytes.length % 8, 0)
        assert.deepEqual(plain(decodeTtlv(bytes)), plain(item))
      }),
    )
  })

  it('reads any bytes, or refuses them with a sentence', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), onlyMalformed), { numRuns: 2000 })
  })

  it('reads a message with any bytes changed, or refuses it with a sentence', () => {
    const change = fc.record({ at: fc.nat(), to: fc.nat({ max: 255 }) })
    fc.assert(
      fc.property(anyItem, fc.array(change, { minLength: 1, maxLength: 6 }), (item, changes) => {
        const bytes = encodeTtlv(item)
        for (const { at, to } of changes) bytes[at % bytes.length] = to
        onlyMalformed(bytes)
      }),
      { numRuns: 2000 },
    )
  })

  it('refuses every message that was cut off, or that goes on', () => {
    fc.assert(
      fc.property(anyItem, fc.nat(), (item, cut) => {
        const bytes = encodeTtlv(item)
        const end = cut % bytes.length
        assert.throws(() => decodeTtlv(bytes.subarray(0, end)), MalformedTtlv)
        assert.throws(() => decodeTtlv(Buffer.concat([bytes, Buffer.alloc(8)])), MalformedTtlv)
      }),
    )
  })

  it('refuses to go deeper, and to count further, than any message does', () => {
    let deep: Ttlv = { tag: 1, type: 'boolean', value: true }
    for (let depth = 0; depth < 16; depth += 1) deep = { tag: 1, type: 'structure', items: [deep] }
    assert.ok(decodeTtlv(encodeTtlv(deep)))
    const deeper: Ttlv = { tag: 1, type: 'structure', items: [deep] }
    assert.throws(() => decodeTtlv(encodeTtlv(deeper)), /nested deeper than 16/)
    const one: Ttlv = { tag: 1, type: 'structure', items: [] }
    const many: Ttlv = { tag: 1, type: 'structure', items: Array(4096).fill(one) }
    assert.throws(() => decodeTtlv(encodeTtlv(many)), /more than 4096 items/)
  })

  it('refuses lengths that do not fit the type, unknown types, and text that is none', () => {
    const refused: readonly (readonly [string, RegExp])[] = [
      ['42002002 00000005 0000000800000000', /value of 5 bytes instead of 4/],
      ['42002009 00000004 0000000800000000', /value of 4 bytes instead of 8/],
      ['42002002 FFFFFFFF 0000000800000000', /ends within a value/],
      ['4200200C 00000004 0000000800000000', /item of type 12/],
      ['42002007 00000002 C328000000000000', /not UTF-8/],
      ['42002001 00000008 42000405 00000004', /ends within a value/],
      ['42002001 00000004 0000000000000000', /ends within a header/],
      ['', /ends within a header/],
    ]
    for (const [bytes, saying] of refused) assert.throws(() => decodeTtlv(hex(bytes)), saying)
  })

  it('gives copies: what was received may be wiped', () => {
    const bytes = encodeTtlv({ tag: 1, type: 'bytes', value: Buffer.from('key') })
    const item = decodeTtlv(bytes)
    bytes.fill(0)
    assert.ok(item.type === 'bytes')
    assert.equal(Buffer.from(item.value).toString(), 'key')
  })
})

function onlyMalformed(bytes: Uint8Array): void {
  try {
    decodeTtlv(bytes)
  } catch (error) {
    assert.ok(error instanceof MalformedTtlv, String(error))
  }
}

/** Bytes of every kind of array compare alike. */
function plain(item: Ttlv): unknown {
  if (item.type === 'structure') return { ...item, items: item.items.map(plain) }
  return item.value instanceof Uint8Array
    ? { ...item, value: Buffer.from(item.value).toString('hex') }
    : { ...item }
}
