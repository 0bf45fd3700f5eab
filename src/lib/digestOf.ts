import { createHash } from 'node:crypto'

/** SHA-256 over texts, each with its length: no two lists of texts give the same bytes (Q32). */
export function digestOf(...texts: readonly string[]): Uint8Array {
  const hash = createHash('sha256')
  const length = Buffer.alloc(4)
  for (const text of texts) {
    const bytes = Buffer.from(text, 'utf8')
    length.writeUInt32BE(bytes.length)
    hash.update(length).update(bytes)
  }
  return hash.digest()
}
