import type { ContainerType } from './container.ts'

/** What a key pair is made of. */
export type KeyPairSpec =
  | { readonly algorithm: 'rsa'; readonly bits: number }
  | { readonly algorithm: 'dsa'; readonly bits: number; readonly divisorBits: number }
  | { readonly algorithm: 'ec'; readonly curve: 'P-256' | 'P-384' | 'P-521' }

/** What is made, and how it is written down: private keys as PKCS#8, public ones as SPKI. */
export interface KeyPairRecipe {
  readonly spec: KeyPairSpec
  readonly form: 'pem' | 'der'
  readonly containerType: ContainerType
}

/** Both keys in clear, in the form of the recipe. Whoever is given one fills it with zeros after use. */
export interface KeyPair {
  /** Encrypted when a passphrase was asked for. */
  readonly privateKey: Buffer
  readonly publicKey: Buffer
}
