import {
  createCipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  scryptSync,
} from 'node:crypto'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { GCM_OVERHEAD_BYTES, NONCE_BYTES, openGcm } from './gcm.ts'

interface KnownAnswer {
  readonly primitive: string
  /** Where the answer is published. */
  readonly source: string
  readonly compute: () => Uint8Array
  readonly answer: string
}

const GCM_KEY = 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'
const GCM_NONCE = 'cafebabefacedbaddecaf888'
const GCM_AAD = 'feedfacedeadbeeffeedfacedeadbeefabaddad2'
const GCM_PLAINTEXT =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39'
const GCM_SEALED =
  '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b'

const KNOWN_ANSWERS: readonly KnownAnswer[] = [
  {
    primitive: 'AES-256-GCM',
    source: 'GCM specification, test case 16',
    compute: () => {
      const cipher = createCipheriv('aes-256-gcm', createSecretKey(hex(GCM_KEY)), hex(GCM_NONCE))
      cipher.setAAD(hex(GCM_AAD))
      return Buffer.concat([cipher.update(hex(GCM_PLAINTEXT)), cipher.final(), cipher.getAuthTag()])
    },
    answer: GCM_SEALED,
  },
  {
    primitive: 'AES-256-GCM (opening)',
    source: 'GCM specification, test case 16',
    compute: () => {
      const sealed = hex(GCM_NONCE + GCM_SEALED)
      return openGcm(createSecretKey(hex(GCM_KEY)), hex(GCM_AAD), sealed, 0, sealed.length)
    },
    answer: GCM_PLAINTEXT,
  },
  {
    primitive: 'SHA-256',
    source: 'FIPS 180-2, B.1',
    compute: () => createHash('sha256').update('abc').digest(),
    answer: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  },
  {
    primitive: 'HMAC-SHA256',
    source: 'RFC 4231, test case 1',
    compute: () =>
      createHmac('sha256', createSecretKey(hex('0b'.repeat(20))))
        .update('Hi There')
        .digest(),
    answer: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    primitive: 'HKDF-SHA256',
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
    primitive: 'scrypt',
    source: 'RFC 7914, section 12',
    compute: () => scryptSync('', '', 64, { N: 16, r: 1, p: 1 }),
    answer:
      '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906',
  },
]

/** Runs every primitive in use once, against published answers. @throws StartupRefusal */
export function selfTest(answers: readonly KnownAnswer[] = KNOWN_ANSWERS): void {
  for (const { primitive, source, compute, answer } of answers) {
    const found = attempt(primitive, compute)
    if (Buffer.from(found).toString('hex') !== answer) {
      throw new StartupRefusal(
        `${primitive} gives a wrong answer to a published question (${source}): this Node or its OpenSSL must not be trusted with keys.`,
      )
    }
  }
  refuseForgedTag()
  refuseStuckRandom()
}

function attempt(primitive: string, compute: () => Uint8Array): Uint8Array {
  try {
    return compute()
  } catch (cause) {
    throw new StartupRefusal(`${primitive} does not work in this Node or its OpenSSL.`, { cause })
  }
}

/** A cipher that opens everything would pass all of the above. */
function refuseForgedTag(): void {
  const forged = Buffer.alloc(GCM_OVERHEAD_BYTES)
  try {
    openGcm(createSecretKey(hex(GCM_KEY)), hex(GCM_AAD), forged, 0, forged.length)
  } catch {
    return
  }
  throw new StartupRefusal(
    'AES-256-GCM accepts a forged tag: this Node must not be trusted with keys.',
  )
}

function refuseStuckRandom(): void {
  if (!randomBytes(NONCE_BYTES).equals(randomBytes(NONCE_BYTES))) return
  throw new StartupRefusal('The random generator gave the same 12 bytes twice.')
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}
