import type { KeyPairRecipe, KeyPairSpec } from '../model/keyPair.ts'

export interface KeyPairAlgorithm extends Omit<KeyPairRecipe, 'spec'> {
  readonly specs: ReadonlyMap<number, KeyPairSpec>
}

/**
 * Which key pairs an order makes: algorithm (any case) to what it is for each length in bits. The
 * reference's table, and RSA 3072, DSA 3072 and the curves of FIPS 186 besides. DSA comes as DER where
 * all else is PEM, because stored keys are compared to the byte (Q67); its container is a generic one,
 * because clients know no other type that fits (barbicanclient fails on `dsa`).
 */
const ALGORITHMS: ReadonlyMap<string, KeyPairAlgorithm> = new Map<string, KeyPairAlgorithm>([
  ['rsa', { form: 'pem', containerType: 'rsa', specs: of([1024, 2048, 3072, 4096], rsa) }],
  ['dsa', { form: 'der', containerType: 'generic', specs: of([1024, 2048, 3072, 4096], dsa) }],
  ['ec', { form: 'pem', containerType: 'generic', specs: of([256, 384, 521], ec) }],
])

/** @returns undefined for an algorithm that no order of type asymmetric makes */
export function keyPairAlgorithm(name: string): KeyPairAlgorithm | undefined {
  return ALGORITHMS.get(name.toLowerCase())
}

function of<Bits extends number>(
  lengths: readonly Bits[],
  spec: (bits: Bits) => KeyPairSpec,
): ReadonlyMap<number, KeyPairSpec> {
  return new Map(lengths.map((bits) => [bits, spec(bits)]))
}

function rsa(bits: number): KeyPairSpec {
  return { algorithm: 'rsa', bits }
}

/** FIPS 186-4, 4.2: how long the divisor is that goes with a prime. */
function dsa(bits: number): KeyPairSpec {
  return { algorithm: 'dsa', bits, divisorBits: bits === 1024 ? 160 : 256 }
}

function ec(bits: 256 | 384 | 521): KeyPairSpec {
  return { algorithm: 'ec', curve: `P-${bits}` }
}
