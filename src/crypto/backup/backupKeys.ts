import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { StartupRefusal } from '../../lib/startupRefusal.ts'

/** One way for each kind of key; what a file says of its algorithms is not asked. */
export const WRAP_ALGORITHMS = { elliptic: 'ECDH-ES+A256KW', rsa: 'RSA-OAEP-256' } as const
export const SEAL_ALGORITHM = 'A256GCM'

const CURVES: readonly string[] = ['prime256v1', 'secp384r1']
const LEAST_RSA_BITS = 3072

export interface BackupKey {
  readonly key: KeyObject
  readonly algorithm: (typeof WRAP_ALGORITHMS)[keyof typeof WRAP_ALGORITHMS]
  /** RFC 7638: names the pair, and shows nothing of its private half. */
  readonly thumbprint: string
}

/** A recipient's key, as PEM or JWK. @throws StartupRefusal for any other, and for a private one */
export async function publicKeyIn(name: string, file: Buffer): Promise<BackupKey> {
  const text = file.toString('utf8')
  if (isPrivate(text)) {
    throw new StartupRefusal(
      `${name} is a private key: a backup is sealed to the public one, and the private one is kept elsewhere.`,
    )
  }
  const key = orRefuse(`${name} is no public key in PEM or JWK.`, () => {
    const jwk = jwkIn(text)
    return jwk === undefined ? createPublicKey(text) : createPublicKey({ key: jwk, format: 'jwk' })
  })
  return described(name, key)
}

/** @param passphrase of an encrypted PEM; undefined: it is not encrypted */
export async function privateKeyIn(
  name: string,
  file: Buffer,
  passphrase: Buffer | undefined,
): Promise<BackupKey> {
  const sentence =
    passphrase === undefined
      ? `${name} is no private key in PEM or JWK, or wants its passphrase (--passphrase-file).`
      : `${name} is no private key in PEM, or has another passphrase.`
  const key = orRefuse(sentence, () => {
    const jwk = jwkIn(file.toString('utf8'))
    if (jwk !== undefined) return createPrivateKey({ key: jwk, format: 'jwk' })
    return createPrivateKey(
      passphrase === undefined ? file : { key: file, format: 'pem', passphrase },
    )
  })
  return described(name, key)
}

/** A fresh pair for backups, as PEM. The caller wipes the private half. */
export function generateBackupKeys(passphrase: Buffer | undefined): {
  readonly privatePem: Buffer
  readonly publicPem: Buffer
} {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const form = { type: 'pkcs8', format: 'pem' } as const
  const pem =
    passphrase === undefined
      ? privateKey.export(form)
      : privateKey.export({ ...form, cipher: 'aes-256-cbc', passphrase })
  return {
    privatePem: Buffer.from(pem),
    publicPem: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })),
  }
}

async function described(name: string, key: KeyObject): Promise<BackupKey> {
  const algorithm = algorithmOf(key)
  if (algorithm === undefined) {
    throw new StartupRefusal(
      `${name} is of a kind that seals no backup: P-256, P-384, X25519, or RSA of ${LEAST_RSA_BITS} bits or more are wanted.`,
    )
  }
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const jwk = publicKey.export({ format: 'jwk' }) as JWK
  return { key, algorithm, thumbprint: await calculateJwkThumbprint(jwk) }
}

function algorithmOf(key: KeyObject): BackupKey['algorithm'] | undefined {
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'x25519':
      return WRAP_ALGORITHMS.elliptic
    case 'ec':
      return CURVES.includes(namedCurve) ? WRAP_ALGORITHMS.elliptic : undefined
    case 'rsa':
      return modulusLength >= LEAST_RSA_BITS ? WRAP_ALGORITHMS.rsa : undefined
    default:
      return undefined
  }
}

function isPrivate(text: string): boolean {
  const jwk = jwkIn(text)
  return jwk === undefined ? text.includes('PRIVATE KEY-----') : 'd' in jwk
}

function jwkIn(text: string): Record<string, string> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    return JSON.parse(text) as Record<string, string>
  } catch {
    return undefined
  }
}

function orRefuse(sentence: string, work: () => KeyObject): KeyObject {
  try {
    return work()
  } catch (cause) {
    throw new StartupRefusal(sentence, { cause })
  }
}
