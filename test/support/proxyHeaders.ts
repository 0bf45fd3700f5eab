import { isIP } from 'node:net'

/** The header of version 1, as a proxy writes it. */
export function proxyHeader1(source: string, destination: string, port: number): Buffer {
  return Buffer.from(`PROXY TCP${isIP(source)} ${source} ${destination} ${port} 443\r\n`)
}

/** The header of version 2; command 0x20 is LOCAL. */
export function proxyHeader2(
  source: string,
  destination: string,
  port: number,
  tlvs: Buffer = Buffer.alloc(0),
  command = 0x21,
): Buffer {
  const ports = Buffer.alloc(4)
  ports.writeUInt16BE(port, 0)
  ports.writeUInt16BE(443, 2)
  const body = Buffer.concat([addressBytes(source), addressBytes(destination), ports, tlvs])
  const fixed = Buffer.from('0d0a0d0a000d0a515549540a00000000', 'hex')
  fixed.writeUInt8(command, 12)
  fixed.writeUInt8(isIP(source) === 4 ? 0x11 : 0x21, 13)
  fixed.writeUInt16BE(body.length, 14)
  return Buffer.concat([fixed, body])
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const expanded = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = expanded.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  const bytes = Buffer.alloc(16)
  for (const [index, group] of [
    ...left,
    ...(tail === undefined ? [] : zeros),
    ...right,
  ].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2)
  }
  return bytes
}
