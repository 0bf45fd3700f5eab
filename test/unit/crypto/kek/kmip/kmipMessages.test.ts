import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeResponse, KmipRefusal } from '../../../../../src/crypto/kek/kmip/kmipMessages.ts'
import { TAG } from '../../../../../src/crypto/kek/kmip/kmipNames.ts'
import { encodeTtlv, MalformedTtlv, type Ttlv } from '../../../../../src/crypto/kek/kmip/ttlv.ts'
import { anyItem } from './arbitraryTtlv.ts'

/** Items that an answer knows, each of any type and in any place. */
const known = fc
  .record({ tag: fc.constantFrom(...Object.values(TAG)), item: anyItem })
  .map(({ tag, item }): Ttlv => ({ ...item, tag }))

function nested(tag: number, items: fc.Arbitrary<readonly Ttlv[]>): fc.Arbitrary<Ttlv> {
  return items.map((inner) => ({ tag, type: 'structure', items: inner }))
}

const some = fc.array(known, { maxLength: 5 })
const answer = nested(
  TAG.responseMessage,
  fc.tuple(nested(TAG.responseHeader, some), nested(TAG.batchItem, some)),
)

describe('an answer of a KMIP server', () => {
  it('of whatever parts is read, or refused, and breaks nothing', () => {
    let read = 0
    const look = (message: Ttlv) => {
      try {
        const payload = decodeResponse('encrypt', encodeTtlv(message))
        payload.optional(TAG.uniqueIdentifier, 'text')
        payload.bytes(TAG.data)
        read += 1
      } catch (error) {
        assert.ok(error instanceof MalformedTtlv || error instanceof KmipRefusal, String(error))
      }
    }
    fc.assert(fc.property(fc.oneof(answer, known), look), { numRuns: 2000 })
    const sound: Ttlv = {
      tag: TAG.responseMessage,
      type: 'structure',
      items: [
        {
          tag: TAG.batchItem,
          type: 'structure',
          items: [
            { tag: TAG.resultStatus, type: 'enumeration', value: 0 },
            {
              tag: TAG.responsePayload,
              type: 'structure',
              items: [{ tag: TAG.data, type: 'bytes', value: Buffer.alloc(3) }],
            },
          ],
        },
      ],
    }
    read = 0
    look(sound)
    assert.equal(read, 1)
  })
})
