/*
 * What goes through the pipes between the server and the process that makes key pairs. Own framing, not
 * Node's messages: these would leave copies of keys in buffers that nobody can wipe.
 *
 *   frame: length of the fields 4 | fields, each: length 4 | bytes
 */

/** An encrypted RSA key of 4096 bits takes 3.5 kB. */
const MAX_FRAME_BYTES = 65_536

export function frameOf(fields: readonly Uint8Array[]): Buffer {
  const size = fields.reduce((sum, field) => sum + 4 + field.length, 0)
  const frame = Buffer.allocUnsafeSlow(4 + size)
  let at = frame.writeUInt32BE(size, 0)
  for (const field of fields) {
    at = frame.writeUInt32BE(field.length, at)
    frame.set(field, at)
    at += field.length
  }
  return frame
}

/** Puts one frame together from what the pipe brings. Wipes all it is given; its fields are the caller's to wipe. */
export class FrameReader {
  #gathered = Buffer.alloc(0)

  /** @returns the fields, once a whole frame is there. @throws for what is no frame */
  push(chunk: Uint8Array): readonly Buffer[] | undefined {
    const before = this.#gathered
    const gathered = Buffer.allocUnsafeSlow(before.length + chunk.length)
    gathered.set(before)
    gathered.set(chunk, before.length)
    before.fill(0)
    chunk.fill(0)
    this.#gathered = gathered
    if (gathered.length < 4) return undefined
    const end = 4 + gathered.readUInt32BE(0)
    if (end > MAX_FRAME_BYTES) throw new Error('A frame is longer than any key pair.')
    if (gathered.length < end) return undefined
    const fields: Buffer[] = []
    for (let at = 4; at < end; ) {
      const from = at + 4
      at = from + gathered.readUInt32BE(at)
      if (at > end) throw new Error('A field of a frame is longer than its frame.')
      fields.push(copyOf(gathered.subarray(from, at)))
    }
    this.wipe()
    return fields
  }

  /** Forgets what came of a frame whose end will not come. */
  wipe(): void {
    this.#gathered.fill(0)
    this.#gathered = Buffer.alloc(0)
  }
}

/** Not in the pool, of which pieces are handed out to everybody. */
function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}
