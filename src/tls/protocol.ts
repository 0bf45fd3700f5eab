import type { SecureContextOptions } from 'node:tls'
import { groupList, type PostQuantum } from './keyExchange.ts'

export interface TlsProtocol {
  readonly profile: 'default' | 'strict'
  /** Of TLS 1.2; undefined: those of the profile. */
  readonly ciphers: readonly string[] | undefined
  readonly isTls13Only: boolean
  readonly postQuantum: PostQuantum
}

const TLS13 = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256']
const TLS12 = {
  default: [
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
  ],
  strict: ['ECDHE-ECDSA-AES256-GCM-SHA384'],
}

export function suitesOf({ profile, ciphers, isTls13Only }: TlsProtocol): readonly string[] {
  return [...TLS13, ...(isTls13Only ? [] : (ciphers ?? TLS12[profile]))]
}

/**
 * Nothing below TLS 1.2, no key exchange that a stolen key would undo, no suite without AEAD.
 * @throws CertificateTrouble where a key exchange is required that there is not
 */
export function protocolOptions(protocol: TlsProtocol): SecureContextOptions {
  return {
    minVersion: protocol.isTls13Only ? 'TLSv1.3' : 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: suitesOf(protocol).join(':'),
    honorCipherOrder: true,
    ecdhCurve: groupList(protocol.postQuantum),
  }
}
