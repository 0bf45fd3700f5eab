/*
 * RFC 4648's base32 in lower case and without padding, for secrets that people type: each letter is
 * computed, never looked up, and nothing branches on what is encoded.
 */
const BITS_PER_LETTER = 5

export function base32Letters(bytes: number): number {
  return Math.ceil((bytes * 8) / BITS_PER_LETTER)
}

/** @returns the letters as bytes; the caller wipes them */
export function encodeBase32(bytes: Uint8Array): Uint8Array {
  const letters = new Uint8Array(base32Letters(bytes.length))
  for (const at of letters.keys()) {
    const bit = at * BITS_PER_LETTER
    const pair = ((bytes[bit >>> 3] ?? 0) << 8) | (bytes[(bit >>> 3) + 1] ?? 0)
    letters[at] = letterOf((pair >>> (11 - (bit & 7))) & 31)
  }
  return letters
}

/** @returns undefined when these are not the letters of so many bytes; else the caller's, to wipe */
export function decodeBase32(letters: Uint8Array, bytes: number): Uint8Array | undefined {
  if (letters.length !== base32Letters(bytes)) return undefined
  const decoded = new Uint8Array(bytes)
  let wrong = 0
  let gathered = 0
  let bits = 0
  let end = 0
  for (const letter of letters) {
    const value = digitOf(letter)
    wrong |= value
    gathered = ((gathered << BITS_PER_LETTER) | (value & 31)) & 0xfff
    bits += BITS_PER_LETTER
    if (bits < 8) continue
    bits -= 8
    decoded[end] = gathered >>> bits
    end += 1
  }
  // What is left over are zeros, or the last letter is another than we write.
  const rest = gathered & ((1 << bits) - 1)
  if (wrong >= 0 && rest === 0) return decoded
  decoded.fill(0)
  return undefined
}

/** a-z for 0 to 25, 2-7 for 26 to 31. */
function letterOf(value: number): number {
  return 97 + value + (((25 - value) >> 31) & (24 - 97))
}

/** -1 for what is no letter of ours; upper case is as good. */
function digitOf(letter: number): number {
  return (
    -1 +
    (between(letter, 97, 122) & (letter - 96)) +
    (between(letter, 65, 90) & (letter - 64)) +
    (between(letter, 50, 55) & (letter - 23))
  )
}

/** All bits when it is, none when not. */
function between(value: number, least: number, most: number): number {
  return ((least - 1 - value) & (value - most - 1)) >> 31
}
