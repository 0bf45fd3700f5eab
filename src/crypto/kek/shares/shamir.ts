import { randomBytes } from 'node:crypto'
import { inverse, multiply } from './gf256.ts'

/** One point of the polynomials, one polynomial for each byte of the secret. */
export interface Point {
  /** From 1: at 0 is the secret. No secret itself. */
  readonly index: number
  readonly value: Uint8Array
}

export interface Quorum {
  /** How many shares open. */
  readonly threshold: number
  /** How many there are. */
  readonly shares: number
}

export const MOST_SHARES = 255

/**
 * Shamir, "How to Share a Secret" (1979), byte by byte: any `threshold` points give the secret back,
 * fewer are as likely for one secret as for any other.
 * @returns points 1, 2, ...; their values are the caller's, to wipe
 */
export function splitSecret(
  secret: Uint8Array,
  { threshold, shares }: Quorum,
  random: (bytes: number) => Uint8Array = randomBytes,
): readonly Point[] {
  if (threshold < 2 || threshold > shares || shares > MOST_SHARES) {
    throw new Error(`${threshold} of ${shares} is no way to split a secret`)
  }
  // coefficients[d] holds the factor of x^(d + 1) for every byte of the secret.
  const coefficients = Array.from({ length: threshold - 1 }, () => random(secret.length))
  try {
    return Array.from({ length: shares }, (_, position) => {
      const index = position + 1
      return { index, value: valueAt(index, secret, coefficients) }
    })
  } finally {
    for (const one of coefficients) one.fill(0)
  }
}

/** Horner's rule, all bytes side by side. */
function valueAt(
  index: number,
  secret: Uint8Array,
  coefficients: readonly Uint8Array[],
): Uint8Array {
  const value = new Uint8Array(secret.length)
  for (const coefficient of [secret, ...coefficients].toReversed()) {
    for (const [at, byte] of coefficient.entries()) {
      value[at] = multiply(value[at] ?? 0, index) ^ byte
    }
  }
  return value
}

/**
 * The secret, if these are as many points as it was split for; of fewer, or of wrong ones, other bytes:
 * whoever calls has to know by a commitment.
 * @returns the caller's, to wipe
 */
export function combinePoints(points: readonly Point[]): Uint8Array {
  const indexes = new Set(points.map(({ index }) => index))
  const [first] = points
  if (first === undefined || indexes.size !== points.length || indexes.has(0)) {
    throw new Error('the points of a secret have indexes of their own, from 1')
  }
  const secret = new Uint8Array(first.value.length)
  for (const point of points) {
    const weight = weightAtZero(point, points)
    for (const [at, byte] of point.value.entries()) {
      secret[at] = (secret[at] ?? 0) ^ multiply(weight, byte)
    }
  }
  return secret
}

/** Lagrange's factor of this point where the secret is. Indexes are no secret. */
function weightAtZero({ index }: Point, points: readonly Point[]): number {
  let weight = 1
  for (const { index: other } of points) {
    if (other === index) continue
    weight = multiply(weight, multiply(other, inverse(other ^ index)))
  }
  return weight
}
