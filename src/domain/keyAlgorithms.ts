/**
 * Which symmetric keys an order makes: algorithm (any case) to lengths in bits. The reference's table,
 * with 384 and 512 for aes whatever the mode, because cinder and nova order XTS keys without naming one.
 */
const LENGTHS = [64, 128, 192, 256]
const DOUBLE_LENGTHS = [128, 256, 384, 512]

const KEY_LENGTHS: ReadonlyMap<string, readonly number[]> = new Map([
  ['aes', [...LENGTHS, 384, 512]],
  ['des', LENGTHS],
  ['hmacsha1', LENGTHS],
  ['hmacsha256', LENGTHS],
  ['hmacsha384', LENGTHS],
  ['hmacsha512', LENGTHS],
])

/** @returns undefined for an algorithm that no order of type key makes */
export function keyLengths(algorithm: string, mode: string | null): readonly number[] | undefined {
  const lengths = KEY_LENGTHS.get(algorithm.toLowerCase())
  if (lengths === undefined || mode?.toLowerCase() !== 'xts') return lengths
  return algorithm.toLowerCase() === 'aes' ? lengths : DOUBLE_LENGTHS
}
