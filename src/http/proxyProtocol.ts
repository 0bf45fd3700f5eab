import { isIP } from 'node:net'

/** Where a connection came from, by the word of the proxy that handed it on. */
export interface ProxySource {
  readonly address: string
  readonly port: number
}

export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' }
  /** `source` undefined: the proxy speaks for itself (a health check), or for something without an address. */
  | { readonly kind: 'complete'; readonly length: number; readonly source: ProxySource | undefined }

const INCOMPLETE: ProxyHeader = { kind: 'incomplete' }
const MALFORMED: ProxyHeader = { kind: 'malformed' }
const SIGNATURE_2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const PREFIX_1 = Buffer.from('PROXY ', 'latin1')
const LONGEST_1 = 107
/** Addresses take at most 216 bytes; what else there may be is TLVs, which nobody sends by the kilobyte. */
const LONGEST_2 = 2048
const FIXED_2 = 16

/** Reads a PROXY header, version 1 or 2, at the beginning of what a connection said (haproxy's proxy-protocol.txt). */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (isBeginningOf(bytes, SIGNATURE_2)) return readVersion2(bytes)
  return isBeginningOf(bytes, PREFIX_1) ? readVersion1(bytes) : MALFORMED
}

function isBeginningOf(bytes: Buffer, whole: Buffer): boolean {
  const length = Math.min(bytes.length, whole.length)
  return bytes.subarray(0, length).equals(whole.subarray(0, length))
}

const LINE_1 =
  /^PROXY (TCP4|TCP6) ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/

function readVersion1(bytes: Buffer): ProxyHeader {
  const head = bytes.subarray(0, LONGEST_1)
  const end = head.indexOf('\r\n')
  if (end < 0) return head.length < LONGEST_1 && !head.includes('\n') ? INCOMPLETE : MALFORMED
  const line = head.toString('latin1', 0, end)
  const length = end + 2
  // What an UNKNOWN line says behind that word is to be ignored.
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN ')) {
    return { kind: 'complete', length, source: undefined }
  }
  const [, family, address = '', destination = '', port, destinationPort] = LINE_1.exec(line) ?? []
  const wanted = family === 'TCP4' ? 4 : 6
  const isRight =
    family !== undefined &&
    isIP(address) === wanted &&
    isIP(destination) === wanted &&
    Number(port) <= 65_535 &&
    Number(destinationPort) <= 65_535
  return isRight ? { kind: 'complete', length, source: { address, port: Number(port) } } : MALFORMED
}

function readVersion2(bytes: Buffer): ProxyHeader {
  if (bytes.length < FIXED_2) return INCOMPLETE
  const versionAndCommand = bytes.readUInt8(12)
  const isLocal = versionAndCommand === 0x20
  if (!isLocal && versionAndCommand !== 0x21) return MALFORMED
  const family = bytes.readUInt8(13)
  if (family >> 4 > 3 || (family & 0x0f) > 2) return MALFORMED
  const length = FIXED_2 + bytes.readUInt16BE(14)
  if (length > LONGEST_2) return MALFORMED
  if (bytes.length < length) return INCOMPLETE
  if (isLocal) return { kind: 'complete', length, source: undefined }
  const addresses = bytes.subarray(FIXED_2, length)
  switch (family) {
    case 0x11:
      return addresses.length < 12 ? MALFORMED : complete(length, ipv4(addresses), addresses, 8)
    case 0x21:
      return addresses.length < 36 ? MALFORMED : complete(length, ipv6(addresses), addresses, 32)
    default:
      // Unspecified, datagrams, Unix sockets: nothing that could be somebody's address.
      return { kind: 'complete', length, source: undefined }
  }
}

function complete(length: number, address: string, addresses: Buffer, portAt: number): ProxyHeader {
  return { kind: 'complete', length, source: { address, port: addresses.readUInt16BE(portAt) } }
}

function ipv4(bytes: Buffer): string {
  return bytes.subarray(0, 4).join('.')
}

function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  // The URL parser knows the canonical form (RFC 5952).
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
