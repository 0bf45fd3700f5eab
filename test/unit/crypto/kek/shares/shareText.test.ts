import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeBase32, encodeBase32 } from '../../../../../src/crypto/kek/shares/base32.ts'
import {
  readShare,
  type Share,
  ShareRefused,
  writeShare,
} from '../../../../../src/crypto/kek/shares/shareText.ts'

const SHARE: Share = {
  set: '0123456789abcdef',
  threshold: 3,
  index: 2,
  value: Buffer.from(Array.from({ length: 32 }, (_, at) => at * 7)),
}

/** Never regenerated in passing: people have these on paper. */
const GOLDEN =
  'gatehouse-share-1-0123456789abcdef-3-2-aadq4fi4emvdcob7izgviw3cnfyho7ufrsjzviniv63l3rgl2lmq-u33qlyq'

function textOf(share: Share): string {
  return writeShare({ ...share, value: Buffer.from(share.value) }).toString('latin1')
}

function refusalOf(text: string): string {
  try {
    readShare(Buffer.from(text, 'latin1'))
  } catch (error) {
    if (error instanceof ShareRefused) return error.message
    throw error
  }
  return assert.fail(`${text} was read`)
}

describe('base32', () => {
  test('is that of RFC 4648, in lower case and without padding', () => {
    const published = { '': '', f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ' }
    const more = { fooba: 'MZXW6YTB', foobar: 'MZXW6YTBOI' }
    for (const [plain, letters] of Object.entries({ ...published, ...more })) {
      assert.equal(Buffer.from(encodeBase32(Buffer.from(plain))).toString(), letters.toLowerCase())
      const decoded = decodeBase32(Buffer.from(letters), plain.length)
      assert.equal(decoded && Buffer.from(decoded).toString(), plain)
    }
  })

  test('reads back all that it writes, and no other letters', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        assert.deepEqual(decodeBase32(encodeBase32(bytes), bytes.length), bytes)
      }),
    )
    for (let byte = 0; byte < 256; byte += 1) {
      const isLetter = /[A-Za-z2-7]/.test(String.fromCharCode(byte))
      const decoded = decodeBase32(Uint8Array.of(byte, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x61), 5)
      assert.equal(decoded !== undefined, isLetter, String(byte))
    }
  })

  test('has one text for one value: bits left over are zeros', () => {
    assert.ok(decodeBase32(Buffer.from('my'), 1) !== undefined)
    assert.equal(decodeBase32(Buffer.from('mz'), 1), undefined)
  })
})

describe('a share on paper', () => {
  test('is written as ever', () => {
    assert.equal(textOf(SHARE), GOLDEN)
  })

  test('reads back what was written, whatever blanks, breaks and upper case came in', () => {
    const read = (text: string) => readShare(Buffer.from(text))
    for (const text of [
      GOLDEN,
      `  ${GOLDEN}\r\n`,
      GOLDEN.toUpperCase(),
      GOLDEN.replace('-aadq', '-\n  aa dq'),
    ]) {
      const { value, ...rest } = read(text)
      assert.deepEqual(rest, { set: SHARE.set, threshold: 3, index: 2 })
      assert.deepEqual(Buffer.from(value), SHARE.value)
    }
  })

  test('tells every slip of one letter, and every letter that is missing', () => {
    for (const at of GOLDEN.slice(0, -1).split('').keys()) {
      const other = GOLDEN[at] === '3' ? '4' : '3'
      const slip = GOLDEN.slice(0, at) + other + GOLDEN.slice(at + 1)
      assert.match(refusalOf(slip), /mistyped|no share|version/, slip)
      assert.match(refusalOf(GOLDEN.slice(0, at) + GOLDEN.slice(at + 1)), /mistyped|no share/)
    }
  })

  test('tells two letters that changed places', () => {
    for (let at = 39; at < GOLDEN.length - 1; at += 1) {
      const [a = '', b = ''] = GOLDEN.slice(at, at + 2)
      if (a === b) continue
      const swapped = GOLDEN.slice(0, at) + b + a + GOLDEN.slice(at + 2)
      assert.match(refusalOf(swapped), /mistyped/)
    }
  })

  test('says when it is none, or of a version to come', () => {
    for (const text of ['', 'hunter2', 'gatehouse-share', '{"key":1}', 'x'.repeat(1000)]) {
      assert.match(refusalOf(text), /no share: one begins with gatehouse-share-1-/)
    }
    assert.match(refusalOf(GOLDEN.replace('share-1', 'share-2')), /version 2.*reads version 1/)
  })

  test('a refusal holds nothing of its secret part', () => {
    const secret = GOLDEN.split('-')[6] ?? ''
    assert.equal(secret.length, 52)
    for (const text of [GOLDEN.slice(1), GOLDEN.slice(0, -1), GOLDEN.replace('-3-2-', '-3-4-')]) {
      assert.ok(!refusalOf(text).includes(secret.slice(3, 10)))
    }
  })

  test('hostile bytes are refused, and never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.throws(() => readShare(Buffer.from(bytes)), ShareRefused)
        const behind = Buffer.concat([Buffer.from('gatehouse-share-1-'), bytes])
        assert.throws(() => readShare(behind), ShareRefused)
      }),
    )
  })

  test('what it was read from is wiped, taken or not', () => {
    for (const text of [GOLDEN, `${GOLDEN}x`, 'hunter2']) {
      const given = Buffer.from(text)
      try {
        readShare(given)
      } catch {
        // Looked at below.
      }
      assert.ok(given.every((byte) => byte === 0))
    }
  })

  test('holds any value', () => {
    for (let round = 0; round < 200; round += 1) {
      const share = { ...SHARE, index: 255, threshold: 255, value: randomBytes(32) }
      assert.deepEqual(Buffer.from(readShare(Buffer.from(textOf(share))).value), share.value)
    }
  })
})
