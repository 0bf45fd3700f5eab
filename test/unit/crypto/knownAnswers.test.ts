import assert from 'node:assert/strict'
import { createHash, createHmac, createSecretKey, hkdfSync, scryptSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { NONCE_BYTES, openGcm, sealGcm } from '../../../src/crypto/gcm.ts'
import { fromHex, toHex } from './hex.ts'

const hex = z.string().regex(/^([0-9a-f]{2})*$/)
const sealed = z.object({
  source: z.string(),
  key: hex,
  nonce: hex,
  aad: hex,
  ciphertext: hex,
  tag: hex,
})
const files = {
  'aes-256-gcm': z.object({
    opens: z.array(sealed.extend({ plaintext: hex })).min(20),
    refuses: z.array(sealed).min(20),
  }),
  'hmac-sha256': z.object({
    vectors: z.array(z.object({ key: hex, message: hex, mac: hex })).length(7),
  }),
  'hkdf-sha256': z.object({
    vectors: z
      .array(z.object({ key: hex, salt: hex, info: hex, length: z.int(), derived: hex }))
      .length(3),
  }),
  scrypt: z.object({
    vectors: z
      .array(
        z.object({
          passphrase: z.string(),
          salt: z.string(),
          N: z.int(),
          r: z.int(),
          p: z.int(),
          derived: hex,
        }),
      )
      .length(3),
  }),
  sha256: z.object({ vectors: z.array(z.object({ message: hex, digest: hex })).min(6) }),
}

function vectors<Name extends keyof typeof files>(name: Name): z.infer<(typeof files)[Name]> {
  const path = join(import.meta.dirname, '../../vectors', `${name}.json`)
  return files[name].parse(JSON.parse(readFileSync(path, 'utf8'))) as z.infer<(typeof files)[Name]>
}

describe('published answers', () => {
  test('AES-256-GCM seals as published', () => {
    for (const { source, key, nonce, aad, plaintext, ciphertext, tag } of vectors('aes-256-gcm')
      .opens) {
      const into = Buffer.alloc(NONCE_BYTES + plaintext.length / 2 + 16)
      into.set(fromHex(nonce))
      sealGcm(createSecretKey(fromHex(key)), fromHex(aad), fromHex(plaintext), into, 0)
      assert.equal(toHex(into), nonce + ciphertext + tag, source)
    }
  })

  test('AES-256-GCM opens as published', () => {
    for (const { source, key, nonce, aad, plaintext, ciphertext, tag } of vectors('aes-256-gcm')
      .opens) {
      const bytes = fromHex(nonce + ciphertext + tag)
      const opened = openGcm(createSecretKey(fromHex(key)), fromHex(aad), bytes, 0, bytes.length)
      assert.equal(toHex(opened), plaintext, source)
    }
  })

  test('AES-256-GCM refuses what is published as forged', () => {
    for (const { source, key, nonce, aad, ciphertext, tag } of vectors('aes-256-gcm').refuses) {
      const bytes = fromHex(nonce + ciphertext + tag)
      const open = () =>
        openGcm(createSecretKey(fromHex(key)), fromHex(aad), bytes, 0, bytes.length)
      assert.throws(open, /unable to authenticate/, source)
    }
  })

  test('HMAC-SHA256 with a KeyObject answers as published', () => {
    for (const { key, message, mac } of vectors('hmac-sha256').vectors) {
      const found = createHmac('sha256', createSecretKey(fromHex(key))).update(fromHex(message))
      assert.equal(found.digest('hex').slice(0, mac.length), mac)
    }
  })

  test('HKDF-SHA256 derives as published', () => {
    for (const { key, salt, info, length, derived } of vectors('hkdf-sha256').vectors) {
      const found = hkdfSync('sha256', fromHex(key), fromHex(salt), fromHex(info), length)
      assert.equal(toHex(new Uint8Array(found)), derived)
    }
  })

  test('scrypt derives as published', () => {
    for (const { passphrase, salt, N, r, p, derived } of vectors('scrypt').vectors) {
      const found = scryptSync(passphrase, salt, 64, { N, r, p, maxmem: 64 * 1024 * 1024 })
      assert.equal(toHex(found), derived)
    }
  })

  test('SHA-256 answers as published', () => {
    for (const { message, digest } of vectors('sha256').vectors) {
      assert.equal(createHash('sha256').update(fromHex(message)).digest('hex'), digest)
    }
  })
})
