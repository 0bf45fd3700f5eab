import assert from 'node:assert/strict'
import crypto, {
  createDiffieHellmanGroup,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { CertificateReader } from '../../../src/crypto/certificateReader.ts'
import { privateKeyInDer } from '../../../src/crypto/storedPrivateKey.ts'
import { decodeBase64, decodeBase64Bytes } from '../../../src/lib/base64.ts'
import type { SecretType } from '../../../src/model/secretTypes.ts'

const reader = new CertificateReader({ look: () => assert.fail('nothing is stored here') })

/** How often OpenSSL is given a private key while this goes on. */
function givenToOpenSsl(t: TestContext, work: () => void): number {
  const given = t.mock.method(crypto, 'createPrivateKey')
  syncBuiltinESMExports()
  try {
    work()
    return given.mock.callCount()
  } finally {
    given.mock.restore()
    syncBuiltinESMExports()
  }
}

function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}

const sequence = (...contents: readonly Uint8Array[]) => tlv(0x30, ...contents)
const integer = (bytes: Uint8Array) => tlv(2, Buffer.from([0]), bytes)
const identifier = (hex: string) => tlv(6, Buffer.from(hex, 'hex'))
const ZERO = tlv(2, Buffer.from([0]))
const DH = '2a864886f70d010301'
const DSA = '2a8648ce380401'

/** No key that anybody uses, and one that OpenSSL computes with all the same. */
function costly(algorithm: string, modulus: Buffer): Buffer {
  const parameters = algorithm === DH ? [modulus] : [modulus, modulus]
  const group = sequence(...parameters.map(integer), integer(Buffer.from([5])))
  return sequence(
    ZERO,
    sequence(identifier(algorithm), group),
    tlv(4, integer(randomBytes(modulus.length).fill(0x7f, 0, 1))),
  )
}

/** Odd, and of so many bits. */
function modulusOf(bits: number): Buffer {
  const modulus = randomBytes(bits / 8)
  modulus[0] = 0xff
  modulus[modulus.length - 1] = 0xff
  return modulus
}

function pem(label: string, der: Buffer): Buffer {
  const body = der.toString('base64').replace(/.{64}/g, '$&\n')
  return Buffer.from(`-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`)
}

const der = (key: KeyObject, type: 'pkcs8' | 'sec1' = 'pkcs8') =>
  key.export({ format: 'der', type })

describe('a private key that is stored', () => {
  test('is never given to OpenSSL where that would compute its public half: DH and DSA of any size, in any form', (t) => {
    const group18 = createDiffieHellmanGroup('modp18').getPrime()
    const { privateKey: dsa } = generateKeyPairSync('dsa', {
      modulusLength: 1024,
      divisorLength: 160,
    })
    const moduli = [group18, ...[512, 2048, 8192, 9984].map(modulusOf)]
    const made = moduli.flatMap((modulus) => [costly(DH, modulus), costly(DSA, modulus)])
    const keys: readonly Buffer[] = [der(dsa), ...made]
    const payloads: (readonly [SecretType, Buffer])[] = keys.flatMap((key) => [
      ['private', key],
      ['private', pem('PRIVATE KEY', key)],
      // OpenSSL would take what is inside for what it is.
      ['private', pem('RSA PRIVATE KEY', key)],
      ['private', pem('EC PRIVATE KEY', key)],
      ['private', pem('ANY PRIVATE KEY', key)],
      ['private', pem('RSA PRIVATE KEY', Buffer.from(pem('PRIVATE KEY', key)))],
      [
        'private',
        Buffer.from(
          `-----BEGIN EC PRIVATE KEY-----\n${pem('PRIVATE KEY', key)}-----END EC PRIVATE KEY-----`,
        ),
      ],
      ['opaque', pem('PRIVATE KEY', key)],
      ['certificate', pem('PRIVATE KEY', key)],
    ])
    const facts: unknown[] = []
    const given = givenToOpenSsl(t, () => {
      for (const [type, payload] of payloads) facts.push(reader.read(type, payload))
    })
    assert.equal(given, 0)
    assert.ok(
      facts.every((one) => one === undefined || JSON.stringify(one) === '{"kind":"unreadable"}'),
    )
  })

  test('on a curve that is spelled out is not either, wherever that stands', (t) => {
    const { privateKey: spelled } = generateKeyPairSync('ec', {
      namedCurve: 'P-521',
      paramEncoding: 'explicit',
    })
    const { privateKey: named } = generateKeyPairSync('ec', { namedCurve: 'P-521' })
    const [inside] = [der(spelled, 'sec1')]
    const disguised = sequence(
      ZERO,
      sequence(identifier('2a8648ce3d0201'), identifier('2b81040023')),
      tlv(4, inside),
    )
    const given = givenToOpenSsl(t, () => {
      for (const key of [der(spelled), inside, disguised]) {
        assert.equal(reader.read('private', key), undefined)
        assert.equal(reader.read('private', pem('PRIVATE KEY', key)), undefined)
      }
    })
    assert.equal(given, 0)
    assert.equal(reader.read('private', der(named))?.kind, 'privateKey')
  })

  test('of every other kind is, once', (t) => {
    const kinds = [
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      generateKeyPairSync('rsa-pss', { modulusLength: 1024 }),
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      generateKeyPairSync('ec', { namedCurve: 'brainpoolP512r1' }),
      generateKeyPairSync('ed25519'),
      generateKeyPairSync('ed448'),
      generateKeyPairSync('x25519'),
      generateKeyPairSync('x448'),
    ]
    for (const { privateKey } of kinds) {
      for (const payload of [der(privateKey), pem('PRIVATE KEY', der(privateKey))]) {
        let kind: string | undefined
        const given = givenToOpenSsl(t, () => {
          kind = reader.read('private', payload)?.kind
        })
        assert.deepEqual([kind, given], ['privateKey', 1], privateKey.asymmetricKeyType)
      }
    }
  })

  test('is read from hostile DER without a failure, and what is cut is none', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const whole = der(privateKey)
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Buffer.from(whole)
        damaged[at] = byte
        privateKeyInDer(damaged)
        assert.equal(privateKeyInDer(whole.subarray(0, at)), undefined)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        privateKeyInDer(Buffer.from(bytes))
      }),
    )
  })
})

describe('base64 as bytes', () => {
  test('is what it is as text', () => {
    const text = fc.array(
      fc.constantFrom('A', 'B', 'z', '0', '9', '+', '/', '=', ' ', '\n', '\r', '-', 'AAAA', 'QUI='),
    )
    fc.assert(
      fc.property(text, (parts) => {
        const joined = parts.join('')
        assert.deepEqual(decodeBase64Bytes(Buffer.from(joined)), decodeBase64(joined), joined)
      }),
      { numRuns: 2000 },
    )
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const encoded = Buffer.from(Buffer.from(bytes).toString('base64'))
        assert.deepEqual(decodeBase64Bytes(encoded), Buffer.from(bytes))
      }),
    )
  })
})
