import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readProxyHeader } from '../../src/http/proxyProtocol.ts'
import { proxyHeader1, proxyHeader2 } from '../support/proxyHeaders.ts'
import { anyBytes, holds } from './arbitraries.ts'

const port = fc.nat(65_535)
const ends = fc.oneof(
  fc.record({ source: fc.ipV4(), destination: fc.ipV4(), port }),
  fc.record({ source: fc.ipV6(), destination: fc.ipV6(), port }),
)
const rest = fc.uint8Array({ maxLength: 40 })

function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address
}

describe('PROXY headers', () => {
  test('of version 1 give back what a proxy wrote, and leave what follows', () => {
    holds(fc.tuple(ends, rest), ([{ source, destination, port: from }, more]) => {
      const header = proxyHeader1(source, destination, from)
      assert.deepEqual(readProxyHeader(Buffer.concat([header, more])), {
        kind: 'complete',
        length: header.length,
        source: { address: source, port: from },
      })
    })
  })

  test('of version 2 too, whatever TLVs they carry', () => {
    const tlvs = fc.uint8Array({ maxLength: 300 })
    holds(fc.tuple(ends, rest, tlvs), ([{ source, destination, port: from }, more, tlv]) => {
      const header = proxyHeader2(source, destination, from, Buffer.from(tlv))
      assert.deepEqual(readProxyHeader(Buffer.concat([header, more])), {
        kind: 'complete',
        length: header.length,
        source: { address: canonical(source), port: from },
      })
    })
  })

  test('that are not all there yet are incomplete, at every byte', () => {
    const incomplete = fc.property(ends, ({ source, destination, port: from }) => {
      for (const header of [
        proxyHeader1(source, destination, from),
        proxyHeader2(source, destination, from, Buffer.alloc(7)),
      ]) {
        for (let length = 0; length < header.length; length += 1) {
          assert.equal(readProxyHeader(header.subarray(0, length)).kind, 'incomplete')
        }
      }
    })
    fc.assert(incomplete, { numRuns: 20 })
  })

  test('of hostile bytes never throw, and never claim more than came', () => {
    const begun = fc.oneof(
      anyBytes,
      anyBytes.map((bytes) => Buffer.concat([Buffer.from('PROXY TCP4 '), bytes])),
      anyBytes.map((bytes) =>
        Buffer.concat([proxyHeader2('1.2.3.4', '1.2.3.4', 1).subarray(0, 12), bytes]),
      ),
    )
    holds(begun, (bytes) => {
      const read = readProxyHeader(Buffer.from(bytes))
      if (read.kind === 'complete') {
        assert.ok(read.length <= bytes.length)
        assert.ok(read.source === undefined || isIP(read.source.address) !== 0)
      }
    })
  })

  test('that speak for nobody are complete and name nobody', () => {
    for (const header of [
      'PROXY UNKNOWN\r\n',
      'PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n',
      proxyHeader2('1.2.3.4', '1.2.3.4', 1, Buffer.alloc(0), 0x20),
      Buffer.concat([
        proxyHeader2('1.2.3.4', '1.2.3.4', 1).subarray(0, 13),
        Buffer.from([0, 0, 0]),
      ]),
    ]) {
      const bytes = Buffer.from(header)
      assert.deepEqual(readProxyHeader(bytes), {
        kind: 'complete',
        length: bytes.length,
        source: undefined,
      })
    }
  })

  test('that are wrong are malformed', () => {
    const version2 = (at: number, value: number): Buffer => {
      const bytes = Buffer.from(proxyHeader2('1.2.3.4', '1.2.3.4', 1))
      bytes.writeUInt8(value, at)
      return bytes
    }
    for (const header of [
      'GET / HTTP/1.1\r\n',
      'proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n',
      'PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 1 99999\r\n',
      'PROXY TCP4 1.2.3.400 1.2.3.4 1 2\r\n',
      'PROXY TCP4 ::1 ::1 1 2\r\n',
      'PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n',
      'PROXY TCP4 1.2.3.4 ::1 1 2\r\n',
      'PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n',
      'PROXY UNKNOWNS\r\n',
      'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n',
      `PROXY TCP4 ${'1'.repeat(200)}`,
      version2(0, 0x0a),
      version2(12, 0x11),
      version2(12, 0x22),
      version2(13, 0x41),
      version2(13, 0x13),
      version2(14, 0xff),
      Buffer.concat([version2(15, 11)]),
    ]) {
      assert.equal(readProxyHeader(Buffer.from(header)).kind, 'malformed', String(header))
    }
  })
})
