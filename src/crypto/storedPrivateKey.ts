import { createPrivateKey, type KeyObject } from 'node:crypto'
import { decodeBase64Bytes } from '../lib/base64.ts'
import { type DerElement, elements } from './der.ts'
import { bodyOf, type PemBlock } from './pemBlocks.ts'

type Form = 'pkcs8' | 'pkcs1' | 'sec1'

/** What stands in them says itself which form it is: OpenSSL takes one for another if it can. */
const LABELS = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY']

const INTEGER = 0x02
const OCTETS = 0x04
const IDENTIFIER = 0x06
const SEQUENCE = 0x30
const CONTEXT_0 = 0xa0

const EC = '2a8648ce3d0201'
/**
 * Algorithms whose private keys bring their public half along, or get it in a moment. With DH and DSA OpenSSL computes
 * it, modulo a number that whoever sent the key has chosen: a third of a second for 2,500 bytes (ADR 0063).
 */
const QUICK = new Set([
  '2a864886f70d010101', // RSA
  '2a864886f70d01010a', // RSASSA-PSS
  ...['2b656e', '2b656f', '2b6570', '2b6571'], // X25519, X448, Ed25519, Ed448
  ...identifiers('608648016503040311', 15), // ML-DSA and SLH-DSA
  ...identifiers('608648016503040401', 3), // ML-KEM
])

/** undefined: it wants a passphrase, takes long to read, or is none that is known here. */
export function privateKeyInPem(block: PemBlock): KeyObject | undefined {
  const der = LABELS.includes(block.label) ? decodeBase64Bytes(bodyOf(block)) : undefined
  try {
    return der && privateKeyInDer(der)
  } finally {
    der?.fill(0)
  }
}

/** The same of DER, which does not say which of the three it is. */
export function privateKeyInDer(der: Buffer): KeyObject | undefined {
  const [version, second] = fieldsOf(der)
  if (version?.tag !== INTEGER) return undefined
  if (second?.tag === SEQUENCE) return read(der, 'pkcs8')
  if (second?.tag === OCTETS) return read(der, 'sec1')
  return second?.tag === INTEGER ? read(der, 'pkcs1') : undefined
}

function read(der: Buffer, type: Form): KeyObject | undefined {
  if (!IS_QUICK[type](fieldsOf(der))) return undefined
  try {
    return createPrivateKey({ key: der, format: 'der', type })
  } catch {
    // What OpenSSL says would quote the key.
    return undefined
  }
}

const IS_QUICK: Readonly<Record<Form, (fields: readonly DerElement[]) => boolean>> = {
  pkcs1: () => true,
  sec1: isOnNamedCurve,
  pkcs8: ([, algorithm, key]) => {
    const [identifier, parameters] = elements(algorithm?.content)
    const name = identifier?.tag === IDENTIFIER ? identifier.content.toString('hex') : ''
    if (name !== EC) return QUICK.has(name)
    // What stands inside is what OpenSSL goes by.
    return parameters?.tag === IDENTIFIER && isOnNamedCurve(fieldsOf(key?.content))
  },
}

/** A curve that is spelled out is anybody's, and as large as he likes. */
function isOnNamedCurve(fields: readonly DerElement[]): boolean {
  const curve = fields.find(({ tag }) => tag === CONTEXT_0)
  return curve === undefined || elements(curve.content)[0]?.tag === IDENTIFIER
}

/** Of a sequence that is all there is. */
function fieldsOf(der: Buffer | undefined): readonly DerElement[] {
  const [outer] = elements(der)
  return outer?.tag === SEQUENCE ? elements(outer.content) : []
}

function identifiers(first: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) =>
    (BigInt(`0x${first}`) + BigInt(index)).toString(16),
  )
}
