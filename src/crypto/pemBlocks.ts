/** A block of a PEM text as it stands there, its two lines of dashes included. */
export interface PemBlock {
  readonly label: string
  /** A view: whoever owns the payload wipes this with it. */
  readonly bytes: Buffer
}

const BEGIN = Buffer.from('-----BEGIN ')
const DASHES = Buffer.from('-----')
const LONGEST_LABEL = 64

/** Found in the bytes, for there may be a private key among them, and text cannot be wiped. */
export function pemBlocks(payload: Buffer): readonly PemBlock[] {
  const blocks: PemBlock[] = []
  for (let from = payload.indexOf(BEGIN); from >= 0; ) {
    const nameFrom = from + BEGIN.length
    const nameTo = payload.indexOf(DASHES, nameFrom)
    if (nameTo < 0) break
    if (nameTo - nameFrom > LONGEST_LABEL) {
      from = payload.indexOf(BEGIN, nameFrom)
      continue
    }
    const label = payload.toString('latin1', nameFrom, nameTo)
    const end = Buffer.from(`-----END ${label}-----`, 'latin1')
    const endFrom = payload.indexOf(end, nameTo)
    if (endFrom < 0) break
    blocks.push({ label, bytes: payload.subarray(from, endFrom + end.length) })
    from = payload.indexOf(BEGIN, endFrom + end.length)
  }
  return blocks
}

/** Between the lines of dashes: base64, unless headers of a cipher stand before it. A view as well. */
export function bodyOf({ label, bytes }: PemBlock): Buffer {
  const dashed = BEGIN.length + label.length + DASHES.length
  // -----END is two letters shorter than -----BEGIN.
  return bytes.subarray(dashed, bytes.length - (dashed - 2))
}

/** Does it begin as PEM does, white space aside? */
export function beginsAsPem(payload: Buffer): boolean {
  let at = 0
  while (at < payload.length && isBlank(payload[at])) at += 1
  return payload.subarray(at, at + BEGIN.length).equals(BEGIN)
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d
}
