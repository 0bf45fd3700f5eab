/** A whole answer to `open` or `probe` takes a few kB. */
const MAX_FRAME_BYTES = 1024 * 1024

/**
 * Puts frames (keyPairFrames.ts) together from what a pipe brings, several at a time: many requests are
 * under way at once. Wipes all it is given; the fields are the caller's to wipe.
 */
export class FrameStream {
  #gathered: Buffer = Buffer.alloc(0)

  /** @returns the fields of each frame that is whole now. @throws for what is no frame */
  push(chunk: Uint8Array): readonly (readonly Buffer[])[] {
    const before = this.#gathered
    const gathered = Buffer.allocUnsafeSlow(before.length + chunk.length)
    gathered.set(before)
    gathered.set(chunk, before.length)
    before.fill(0)
    chunk.fill(0)
    const frames: (readonly Buffer[])[] = []
    let from = 0
    while (gathered.length - from >= 4) {
      const size = gathered.readUInt32BE(from)
      if (size > MAX_FRAME_BYTES) throw new Error('A frame is longer than any that is sent.')
      if (gathered.length - from < 4 + size) break
      frames.push(fieldsOf(gathered.subarray(from + 4, from + 4 + size)))
      from += 4 + size
    }
    this.#gathered = copyOf(gathered.subarray(from))
    gathered.fill(0)
    return frames
  }
}

function fieldsOf(body: Buffer): readonly Buffer[] {
  const fields: Buffer[] = []
  for (let at = 0; at < body.length; ) {
    if (body.length - at < 4) throw new Error('A frame ends within a field.')
    const end = at + 4 + body.readUInt32BE(at)
    if (end > body.length) throw new Error('A field of a frame is longer than its frame.')
    fields.push(copyOf(body.subarray(at + 4, end)))
    at = end
  }
  return fields
}

/** Not in the pool, of which pieces are handed out to everybody. */
function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}
