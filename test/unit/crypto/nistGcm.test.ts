import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { NONCE_BYTES, openGcm, TAG_BYTES } from '../../../src/crypto/gcm.ts'
import { fromHex, toHex } from './hex.ts'

const FOLDER = '/usr/lib/python3/dist-packages/cryptography_vectors/ciphers/AES/GCM'
const skip = existsSync(FOLDER)
  ? false
  : "needs NIST's files: apt-get install python3-cryptography-vectors (Debian)"

interface Vector {
  readonly key: Buffer
  readonly nonce: Buffer
  readonly aad: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
  /** undefined: this one is forged. */
  readonly plaintext: string | undefined
}

/** CAVP response files: `Name = value` lines, a blank line after each vector, `FAIL` for a forged one. */
function vectorsOf(file: string): readonly Vector[] {
  const blocks = readFileSync(join(FOLDER, file), 'latin1').split(/\r?\n\s*\r?\n/)
  return blocks
    .map(
      (block) => new Map([...block.matchAll(/^(\w+) *= *([0-9a-f]*)/gm)].map((m) => [m[1], m[2]])),
    )
    .filter((fields) => fields.has('Key'))
    .map((fields) => {
      const bytes = (name: string) => fromHex(fields.get(name) ?? '')
      return {
        key: bytes('Key'),
        nonce: bytes('IV'),
        aad: bytes('AAD'),
        ciphertext: bytes('CT'),
        tag: bytes('Tag'),
        plaintext: fields.get('PT'),
      }
    })
}

function isOurs({ nonce, tag }: Vector): boolean {
  return nonce.length === NONCE_BYTES && tag.length === TAG_BYTES
}

/** With lengths of nonce and tag that we never use, OpenSSL itself is the subject. */
function openAnyLength({ key, nonce, aad, ciphertext, tag }: Vector): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', createSecretKey(key), nonce, {
    authTagLength: tag.length,
  })
  decipher.setAAD(aad).setAuthTag(tag)
  return Buffer.concat([decipher.update(ciphertext), decipher.final()])
}

function open(vector: Vector): Buffer {
  if (!isOurs(vector)) return openAnyLength(vector)
  const { key, nonce, aad, ciphertext, tag } = vector
  const sealed = Buffer.concat([nonce, ciphertext, tag])
  return openGcm(createSecretKey(key), aad, sealed, 0, sealed.length)
}

test('opens and refuses all that NIST CAVP publishes for AES-256-GCM', { skip }, () => {
  const vectors = vectorsOf('gcmDecrypt256.rsp')
  assert.equal(vectors.length, 7875)
  assert.equal(vectors.filter(isOurs).length, 375)
  const forged = vectors.filter((vector) => vector.plaintext === undefined)
  assert.ok(forged.length > 1000)
  for (const vector of forged) assert.throws(() => open(vector), /unable to authenticate/)
  for (const vector of vectors) {
    if (vector.plaintext !== undefined) assert.equal(toHex(open(vector)), vector.plaintext)
  }
})

test('seals all that NIST CAVP publishes for AES-256-GCM', { skip }, () => {
  const vectors = vectorsOf('gcmEncryptExtIV256.rsp')
  assert.equal(vectors.length, 7875)
  for (const { key, nonce, aad, plaintext, ciphertext, tag } of vectors) {
    const cipher = createCipheriv('aes-256-gcm', createSecretKey(key), nonce, {
      authTagLength: tag.length,
    })
    cipher.setAAD(aad)
    const found = Buffer.concat([cipher.update(fromHex(plaintext ?? '')), cipher.final()])
    assert.equal(toHex(found) + toHex(cipher.getAuthTag()), toHex(ciphertext) + toHex(tag))
  }
})
