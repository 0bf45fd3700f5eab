export interface DerElement {
  readonly tag: number
  readonly content: Buffer
  /** With its tag and length. */
  readonly whole: Buffer
}

/** No certificate and no key has as many in one place; what comes after them is not read. */
const MOST_ELEMENTS = 1000

/** DER, one after the other, as views on the same bytes; what is no DER ends the list. */
export function elements(der: Buffer | undefined): readonly DerElement[] {
  const found: DerElement[] = []
  let at = 0
  while (der !== undefined && at + 2 <= der.length && found.length < MOST_ELEMENTS) {
    const tag = der.readUInt8(at)
    const first = der.readUInt8(at + 1)
    const lengthBytes = first < 0x80 ? 0 : first - 0x80
    const from = at + 2 + lengthBytes
    // 0x80, an indefinite length, is no DER.
    if (first === 0x80 || lengthBytes > 4 || from > der.length) break
    const length = lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes)
    const to = from + length
    if (to > der.length) break
    found.push({ tag, content: der.subarray(from, to), whole: der.subarray(at, to) })
    at = to
  }
  return found
}
