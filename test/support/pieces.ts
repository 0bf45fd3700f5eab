/** Bytes as a stream hands them on, in pieces of this size. */
export async function* inPieces(
  bytes: Uint8Array,
  size = bytes.length,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function allOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = []
  for await (const piece of pieces) found.push(Uint8Array.from(piece))
  return Buffer.concat(found)
}

/** Everything that an iteration gives, in a list. */
export async function listOf<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

export async function* eachOf<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}
