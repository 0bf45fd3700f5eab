/**
 * Decodes standard base64 (RFC 4648 section 4) that may be wrapped over lines, as `base64 < file` and
 * PEM bodies are. Anything else outside the alphabet is refused: Barbican skips it and so stores a
 * silently damaged key (contract 14, Q13).
 * @returns undefined when the text is no base64
 */
export function decodeBase64(text: string): Buffer | undefined {
  const compact = text.replace(/[ \t\r\n\v\f]+/g, '')
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined
  return Buffer.from(compact, 'base64')
}

/**
 * The same, but whatever is outside the alphabet is skipped, all of it if need be. For the PUT of a
 * payload alone: Barbican's functional tests send it such bodies and want them taken.
 * @returns undefined when what is left is no base64
 */
export function decodeLenientBase64(text: string): Buffer | undefined {
  return decodeBase64(text.replace(/[^A-Za-z0-9+/=]+/g, ''))
}

/** The same of bytes that must not become text, since text cannot be wiped. The caller wipes what it gets. */
export function decodeBase64Bytes(bytes: Uint8Array): Buffer | undefined {
  const decoded = Buffer.alloc(Math.ceil((bytes.length * 3) / 4))
  let size = 0
  let held = 0
  let sextets = 0
  let padding = 0
  for (const byte of bytes) {
    if (isBlank(byte)) continue
    const sextet = sextetOf(byte)
    if (byte === PADDING) padding += 1
    else if (sextet === undefined || padding > 0) return wiped(decoded)
    held = ((held << 6) | (sextet ?? 0)) & 0xffffff
    sextets += 1
    if (sextets % 4 === 0) size = decoded.writeUIntBE(held, size, 3)
  }
  if (sextets % 4 !== 0 || padding > 2) return wiped(decoded)
  return decoded.subarray(0, size - padding)
}

const PADDING = 0x3d

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}

function sextetOf(byte: number): number | undefined {
  if (byte >= 0x41 && byte <= 0x5a) return byte - 0x41
  if (byte >= 0x61 && byte <= 0x7a) return byte - 0x61 + 26
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30 + 52
  if (byte === 0x2b) return 62
  return byte === 0x2f ? 63 : undefined
}

function wiped(buffer: Buffer): undefined {
  buffer.fill(0)
}
