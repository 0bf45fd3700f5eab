import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { inverse, multiply } from '../../../../../src/crypto/kek/shares/gf256.ts'
import {
  combinePoints,
  type Point,
  splitSecret,
} from '../../../../../src/crypto/kek/shares/shamir.ts'

const BYTES = Array.from({ length: 256 }, (_, byte) => byte)

interface Vectors {
  readonly products: readonly (readonly [a: string, b: string, product: string])[]
  readonly inverses: readonly (readonly [a: string, inverse: string])[]
  readonly sharings: readonly {
    readonly secret: string
    readonly shares: Readonly<Record<string, string>>
  }[]
}

const vectors: Vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../../vectors/shamir-gf256.json'), 'utf8'),
)

/** Another way to the same product: multiply the polynomials, then divide. */
function productByDivision(a: number, b: number): number {
  let product = 0
  for (let bit = 0; bit < 8; bit += 1) if ((b & (1 << bit)) !== 0) product ^= a << bit
  for (let bit = 14; bit >= 8; bit -= 1) {
    if ((product & (1 << bit)) !== 0) product ^= 0x11b << (bit - 8)
  }
  return product
}

describe('the field of 256 elements', () => {
  test('multiplies as FIPS 197 shows', () => {
    for (const [a, b, product] of vectors.products) {
      assert.equal(multiply(Number(`0x${a}`), Number(`0x${b}`)), Number(`0x${product}`))
    }
    for (const [a, expected] of vectors.inverses) {
      assert.equal(inverse(Number(`0x${a}`)), Number(`0x${expected}`))
    }
  })

  test('multiplies all pairs of bytes as long division does', () => {
    for (const a of BYTES) {
      for (const b of BYTES) assert.equal(multiply(a, b), productByDivision(a, b))
    }
  })

  test('has an inverse of everything but 0', () => {
    for (const a of BYTES.slice(1)) assert.equal(multiply(a, inverse(a)), 1)
    assert.equal(inverse(0), 0)
  })
})

describe('a shared secret', () => {
  test('comes back from published shares', () => {
    for (const { secret, shares } of vectors.sharings) {
      const points = Object.entries(shares).map(([index, value]) => ({
        index: Number(index),
        value: Buffer.from(value, 'hex'),
      }))
      assert.equal(Buffer.from(combinePoints(points)).toString('hex'), secret)
    }
  })

  test('comes back from any of its shares that are enough, and from more', () => {
    const sharing = fc
      .record({ threshold: fc.integer({ min: 2, max: 12 }), more: fc.integer({ min: 0, max: 8 }) })
      .chain(({ threshold, more }) =>
        fc.record({
          threshold: fc.constant(threshold),
          shares: fc.constant(threshold + more),
          secret: fc.uint8Array({ minLength: 1, maxLength: 40 }),
          order: fc.shuffledSubarray(
            Array.from({ length: threshold + more }, (_, at) => at),
            { minLength: threshold },
          ),
        }),
      )
    fc.assert(
      fc.property(sharing, ({ threshold, shares, secret, order }) => {
        const points = splitSecret(secret, { threshold, shares })
        assert.equal(points.length, shares)
        const brought = order.map((at) => points[at]).filter((point) => point !== undefined)
        assert.deepEqual(combinePoints(brought), secret)
      }),
      { numRuns: 150 },
    )
  })

  test('comes back from every three of five', () => {
    const secret = Buffer.from('thirty-two bytes of a sealed key')
    const points = splitSecret(secret, { threshold: 3, shares: 5 })
    let tried = 0
    for (const a of points) {
      for (const b of points) {
        for (const c of points) {
          if (new Set([a, b, c]).size < 3) continue
          tried += 1
          assert.deepEqual(Buffer.from(combinePoints([a, b, c])), secret)
        }
      }
    }
    assert.equal(tried, 60)
  })

  test('may have 255 shares', () => {
    const secret = Buffer.from('all')
    const points = splitSecret(secret, { threshold: 255, shares: 255 })
    assert.deepEqual(Buffer.from(combinePoints(points)), secret)
  })

  /** How often each value of the shares `seen` comes up, over all choices of the polynomial. */
  function distribution(secret: number, threshold: number, seen: readonly number[]) {
    const counts = new Map<string, number>()
    const choices = 256 ** (threshold - 1)
    for (let choice = 0; choice < choices; choice += 1) {
      let rest = choice
      const points = splitSecret(
        Uint8Array.of(secret),
        { threshold, shares: Math.max(threshold, ...seen) },
        () => {
          const byte = rest % 256
          rest = Math.floor(rest / 256)
          return Uint8Array.of(byte)
        },
      )
      const shown = seen.map((index) => points[index - 1]?.value[0]).join()
      counts.set(shown, (counts.get(shown) ?? 0) + 1)
    }
    return counts
  }

  test('one share of two tells nothing: each value comes up once, whatever the secret is', () => {
    for (const secret of [0, 1, 0x53, 255]) {
      for (const index of [1, 2, 3, 7]) {
        const counts = distribution(secret, 2, [index])
        assert.equal(counts.size, 256)
        assert.deepEqual(new Set(counts.values()), new Set([1]))
      }
    }
  })

  test('two shares of three tell nothing: each pair comes up once, whatever the secret is', () => {
    for (const secret of [0, 0xa7]) {
      const counts = distribution(secret, 3, [1, 3])
      assert.equal(counts.size, 256 * 256)
      assert.deepEqual(new Set(counts.values()), new Set([1]))
    }
  })

  test('with a share too few, random shares say one secret as often as another', () => {
    // 20,000 sharings of one byte; what the first two of three shares interpolate to should be uniform.
    const counts = new Array<number>(256).fill(0)
    const rounds = 20_000
    for (let round = 0; round < rounds; round += 1) {
      const points = splitSecret(Uint8Array.of(0x42), { threshold: 3, shares: 3 })
      const [said = 0] = combinePoints(points.slice(0, 2))
      counts[said] = (counts[said] ?? 0) + 1
    }
    const expected = rounds / 256
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    // 255 degrees of freedom: a fair one exceeds 400 less than once in a hundred million runs.
    assert.ok(chiSquare < 400, `chi-square ${chiSquare}`)
  })

  test('a wrong share gives another secret, so somebody has to know by a commitment', () => {
    const secret = Buffer.alloc(32, 7)
    const [one, two] = splitSecret(secret, { threshold: 2, shares: 2 })
    assert.ok(one !== undefined && two !== undefined)
    const wrong: Point = { index: two.index, value: two.value.map((byte) => byte ^ 1) }
    assert.notDeepEqual(Buffer.from(combinePoints([one, wrong])), secret)
  })

  test('is not split where one share would be all of it, or more were wanted than there are', () => {
    for (const [threshold, shares] of [
      [1, 3],
      [0, 0],
      [4, 3],
      [2, 256],
    ] as const) {
      assert.throws(() => splitSecret(Uint8Array.of(1), { threshold, shares }), /no way to split/)
    }
  })

  test('is not put together from one share given twice, nor from a point where the secret is', () => {
    const [one] = splitSecret(Uint8Array.of(1), { threshold: 2, shares: 2 })
    assert.ok(one !== undefined)
    assert.throws(() => combinePoints([one, one]), /indexes of their own/)
    assert.throws(() => combinePoints([{ ...one, index: 0 }]), /indexes of their own/)
    assert.throws(() => combinePoints([]), /indexes of their own/)
  })

  test('leaves no coefficients behind', () => {
    const drawn: Uint8Array[] = []
    splitSecret(Buffer.from('secret'), { threshold: 3, shares: 3 }, (bytes) => {
      const coefficient = new Uint8Array(bytes).fill(9)
      drawn.push(coefficient)
      return coefficient
    })
    assert.equal(drawn.length, 2)
    for (const coefficient of drawn) assert.ok(coefficient.every((byte) => byte === 0))
  })
})
