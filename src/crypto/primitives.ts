import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  scryptSync,
  sign,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'
import { CompactSign, compactVerify, GeneralEncrypt, generalDecrypt } from 'jose'
import { GCM_OVERHEAD_BYTES, NONCE_BYTES, openGcm } from './gcm.ts'

/**
 * What a primitive is there for; one that no setting asks for is not tried at a start. 'backups' are no
 * server's business: their verbs begin with the recipient's own key, and doctor tries all.
 */
export type PrimitiveUse = 'secrets' | 'passphrase' | 'tokens' | 'issuers' | 'orders' | 'backups'

export interface Primitive {
  readonly name: string
  readonly use: PrimitiveUse
  /** False: primes are looked for, and a start does not wait for that. */
  readonly isQuick: boolean
  /** Where the answer is published, or that it was sealed or signed a moment ago. */
  readonly source: string
  readonly compute: () => Uint8Array | Promise<Uint8Array>
  readonly answer: string
}

const GCM_KEY = 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'
const GCM_NONCE = 'cafebabefacedbaddecaf888'
const GCM_AAD = 'feedfacedeadbeeffeedfacedeadbeefabaddad2'
const GCM_PLAINTEXT =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39'
const GCM_SEALED =
  '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b'

// RFC 8032, 7.1, test 1: the PKCS#8 head of an Ed25519 key, then its seed.
const ED25519_KEY =
  '302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'
const ED25519_SIGNATURE =
  'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'
// A pair whose private half was thrown away, and what it had signed: 'abc', RSASSA-PKCS1-v1_5 with SHA-256.
const RSA_MODULUS =
  'vvOPmtY_kvoF76eFOcO0KP8qdM8Wwfoc0JBqFMXl3UtfANm03qzcFBFwpjvTskGKgPCQe05dE2k7dxQafiFxqqXJ3WkvpmJZeCAzYKGhyqgat_8QZQl3DcT5FeVBUYfpjZof6t9x666bdKC5mks7gLyiRNHC06s0d4-OZtRche6snksd2T8TdxQ29Jne3IxrjGi2LXPjlSzlidJbSUgG7k5T8HI2lE5xI6HVyqqx-kmEKwN51xk6KK5Y1nC39GEa_lMb38ZGvM3xiQaFvqr-Gj4O0KFoHnn0i8DO0g9x85vgsyc-va6eG_Z9-GYFix32fIPBiV3_zWY7bJcI4amxFw'
const RSA_SIGNATURE =
  'E4AjejZquAzZRhH0z_42MwvsVRQ3CYu11BC142dpSGjX3lhDxw_kuZZv7ZrBcYQaCb1znj_2yjAhHZMM4QCSIRlsoanuYghpjZVUp3UOhAmPJHAjQpUQWLQjR8boaSg_qKqQec_BwYGPMliciPmR_h5gvyTgpi0aGtzPoouA6DS2Icua6J_97tqUN_03MDEjG76XKtSrjqlWY0PcEUEl-S8U5VJFPzqYGKhHCxVWjKCY0hVBSLxe-F1xdFmmC_AfWXOxjGNS51_m6T_P6VvnCSfFDQ2QivVIjCf7urJDNtozvjB7PU0gIbnoCzdQ3HhcPXok8Q4QeeKNcyFLbKDUOg'

const MESSAGE = Buffer.from('abc')
const ABC = '616263'
const YES = '01'
const JUST_NOW = 'made a moment ago'

/** Every primitive that something of ours calls. */
export const PRIMITIVES: readonly Primitive[] = [
  {
    name: 'AES-256-GCM',
    use: 'secrets',
    isQuick: true,
    source: 'GCM specification, test case 16',
    compute: () => {
      const cipher = createCipheriv('aes-256-gcm', createSecretKey(hex(GCM_KEY)), hex(GCM_NONCE))
      cipher.setAAD(hex(GCM_AAD))
      return Buffer.concat([cipher.update(hex(GCM_PLAINTEXT)), cipher.final(), cipher.getAuthTag()])
    },
    answer: GCM_SEALED,
  },
  {
    name: 'AES-256-GCM (opening)',
    use: 'secrets',
    isQuick: true,
    source: 'GCM specification, test case 16',
    compute: () => {
      const sealed = hex(GCM_NONCE + GCM_SEALED)
      return openGcm(createSecretKey(hex(GCM_KEY)), hex(GCM_AAD), sealed, 0, sealed.length)
    },
    answer: GCM_PLAINTEXT,
  },
  {
    name: 'SHA-256',
    use: 'secrets',
    isQuick: true,
    source: 'FIPS 180-2, B.1',
    compute: () => createHash('sha256').update('abc').digest(),
    answer: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  },
  {
    name: 'HMAC-SHA256',
    use: 'secrets',
    isQuick: true,
    source: 'RFC 4231, test case 1',
    compute: () =>
      createHmac('sha256', createSecretKey(hex('0b'.repeat(20))))
        .update('Hi There')
        .digest(),
    answer: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    name: 'HKDF-SHA256',
    use: 'secrets',
    isQuick: true,
    source: 'RFC 5869, A.1',
    compute: () =>
      new Uint8Array(
        hkdfSync(
          'sha256',
          hex('0b'.repeat(22)),
          hex('000102030405060708090a0b0c'),
          hex('f0f1f2f3f4f5f6f7f8f9'),
          42,
        ),
      ),
    answer: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    name: 'scrypt',
    use: 'passphrase',
    isQuick: true,
    source: 'RFC 7914, section 12',
    compute: () => scryptSync('', '', 64, { N: 16, r: 1, p: 1 }),
    answer:
      '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906',
  },
  {
    name: 'AES-256-GCM (a forged tag)',
    use: 'secrets',
    isQuick: true,
    source: 'must be refused',
    // A cipher that opens everything would pass all of the above.
    compute: () => Uint8Array.of(refusesForgedTag() ? 1 : 0),
    answer: YES,
  },
  {
    name: 'The random generator',
    use: 'secrets',
    isQuick: true,
    source: 'twice 12 bytes are never the same',
    compute: () => Uint8Array.of(randomBytes(NONCE_BYTES).equals(randomBytes(NONCE_BYTES)) ? 0 : 1),
    answer: YES,
  },
  {
    name: 'ECDSA P-256 (a new pair)',
    use: 'secrets',
    isQuick: true,
    source: JUST_NOW,
    compute: () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const isSigned = verify('sha256', MESSAGE, publicKey, sign('sha256', MESSAGE, privateKey))
      return Uint8Array.of(isSigned ? 1 : 0)
    },
    answer: YES,
  },
  {
    name: 'Ed25519',
    use: 'tokens',
    isQuick: true,
    source: 'RFC 8032, 7.1, test 1',
    compute: () => sign(null, Buffer.alloc(0), ed25519()),
    answer: ED25519_SIGNATURE,
  },
  {
    name: 'EdDSA in a token',
    use: 'tokens',
    isQuick: true,
    source: JUST_NOW,
    compute: async () => {
      const token = await new CompactSign(MESSAGE)
        .setProtectedHeader({ alg: 'EdDSA' })
        .sign(ed25519())
      return (await compactVerify(token, createPublicKey(ed25519()))).payload
    },
    answer: ABC,
  },
  {
    name: 'RSA-2048 (checking a signature, sealing to a public key)',
    use: 'issuers',
    isQuick: true,
    source: 'signed with a pair that is gone',
    compute: () => {
      const key = createPublicKey({
        key: { kty: 'RSA', n: RSA_MODULUS, e: 'AQAB' },
        format: 'jwk',
      })
      publicEncrypt(oaep(key), MESSAGE)
      const isSigned = verify('sha256', MESSAGE, key, Buffer.from(RSA_SIGNATURE, 'base64url'))
      return Uint8Array.of(isSigned ? 1 : 0)
    },
    answer: YES,
  },
  {
    name: 'A private key under a passphrase (PBKDF2, AES-256-CBC)',
    use: 'orders',
    isQuick: true,
    source: JUST_NOW,
    compute: () => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const passphrase = 'a passphrase'
      const form = { type: 'pkcs8', format: 'pem' } as const
      const pem = privateKey.export({ ...form, cipher: 'aes-256-cbc', passphrase })
      const isSame = createPrivateKey({ key: pem, passphrase }).equals(privateKey)
      return Uint8Array.of(isSame ? 1 : 0)
    },
    answer: YES,
  },
  {
    name: 'RSA-2048 (a new pair)',
    use: 'orders',
    isQuick: false,
    source: JUST_NOW,
    compute: async () => {
      const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', {
        modulusLength: 2048,
      })
      return privateDecrypt(oaep(privateKey), publicEncrypt(oaep(publicKey), MESSAGE))
    },
    answer: ABC,
  },
  {
    name: 'ECDH-ES+A256KW and A256GCM in a JWE',
    use: 'backups',
    isQuick: true,
    source: JUST_NOW,
    compute: async () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const sealed = await new GeneralEncrypt(MESSAGE)
        .setProtectedHeader({ enc: 'A256GCM' })
        .addRecipient(publicKey)
        .setUnprotectedHeader({ alg: 'ECDH-ES+A256KW' })
        .encrypt()
      return (await generalDecrypt(sealed, privateKey)).plaintext
    },
    answer: ABC,
  },
]

function refusesForgedTag(): boolean {
  const forged = Buffer.alloc(GCM_OVERHEAD_BYTES)
  try {
    openGcm(createSecretKey(hex(GCM_KEY)), hex(GCM_AAD), forged, 0, forged.length)
    return false
  } catch {
    return true
  }
}

function ed25519(): KeyObject {
  return createPrivateKey({ key: hex(ED25519_KEY), format: 'der', type: 'pkcs8' })
}

function oaep(key: KeyObject) {
  return { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}
