/*
 * The field of 256 elements of FIPS 197: bytes whose sum is XOR and whose product is that of polynomials
 * modulo x^8 + x^4 + x^3 + x + 1. Nothing here branches on its arguments or looks anything up by them:
 * what is multiplied is a secret, and a table would tell the caches which.
 */
const REDUCTION = 0x11b
const BITS = 8

/** @param a and b are bytes */
export function multiply(a: number, b: number): number {
  let product = 0
  let shifted = a
  for (let bit = 0; bit < BITS; bit += 1) {
    product ^= -((b >>> bit) & 1) & shifted
    shifted <<= 1
    shifted ^= -(shifted >>> BITS) & REDUCTION
  }
  return product
}

/** The byte that `a` times is 1; 0 for 0. It is a^254: in a field of 256, a^255 is 1. */
export function inverse(a: number): number {
  let power = 1
  let square = a
  for (let bit = 1; bit < BITS; bit += 1) {
    square = multiply(square, square)
    power = multiply(power, square)
  }
  return power
}
