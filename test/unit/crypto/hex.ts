export function fromHex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** The same bytes with the lowest bit of one of them turned over. */
export function flippedAt(bytes: Uint8Array, index: number): Uint8Array {
  return Uint8Array.from(bytes, (byte, at) => (at === index ? byte ^ 1 : byte))
}

/** One copy for each byte, with that byte changed. */
export function everyFlip(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from(bytes, (_, index) => flippedAt(bytes, index))
}
