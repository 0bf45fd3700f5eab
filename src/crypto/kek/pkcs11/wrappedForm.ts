import { createHash, randomFillSync, timingSafeEqual } from 'node:crypto'
import { FieldWriter } from '../../fieldWriter.ts'
import { NONCE_BYTES, TAG_BYTES } from '../../gcm.ts'
import type { Cryptoki, Handle } from './cryptoki.ts'
import { DoesNotOpen, HsmRefusal } from './hsmRefusal.ts'
import { unwrapKwp, wrapKwp } from './kwp.ts'
import { MECHANISMS, type WrappingChoice } from './mechanisms.ts'

/*
 * What lies in a row:
 *   1 | nonce 12 | wrapped key 32 | tag 16       AES-GCM, the context is associated data
 *   2 | AES-KWP of: random 16 | SHA-256 of the context 32 | key 32, 8 bytes longer than that
 * Which of both stands in the first byte, so that a token may change its mechanism. Nonces are ours:
 * a KEK wraps project keys, far fewer than the 2^32 of SP 800-38D 8.3.
 */
const GCM_FORMAT = 1
const KWP_FORMAT = 2
const KEY_BYTES = 32
const SALT_BYTES = 16
const DIGEST_BYTES = 32
const KWP_PLAINTEXT_BYTES = SALT_BYTES + DIGEST_BYTES + KEY_BYTES
const GCM_BLOB_BYTES = 1 + NONCE_BYTES + KEY_BYTES + TAG_BYTES
const KWP_BLOB_BYTES = 1 + KWP_PLAINTEXT_BYTES + 8

/** A key of the token in one session. */
export interface Wrapper {
  readonly cryptoki: Cryptoki
  readonly session: Handle
  readonly kek: Handle
  readonly gcmParameters: number
  readonly choice: WrappingChoice
}

/** What a wrapped key is bound to, its KEK included. */
export function bindingOf(kekId: string, context: Uint8Array): Buffer {
  const fields = new FieldWriter().text('gatehouse/kek-wrap/1').text(kekId).bytes(context)
  return Buffer.from(fields.written())
}

export async function wrapKey(
  { cryptoki, session, kek, gcmParameters, choice }: Wrapper,
  key: Uint8Array,
  binding: Buffer,
): Promise<Buffer> {
  if (choice.kind === 'gcm') {
    const nonce = randomFillSync(Buffer.alloc(NONCE_BYTES))
    cryptoki.C_EncryptInit(session, gcm(gcmParameters, nonce, binding), kek)
    const sealed = await cryptoki.C_EncryptAsync(session, key, Buffer.alloc(KEY_BYTES + 64))
    return exact(Buffer.concat([Buffer.of(GCM_FORMAT), nonce, sealed]), GCM_BLOB_BYTES)
  }
  const plaintext = randomFillSync(Buffer.alloc(KWP_PLAINTEXT_BYTES), 0, SALT_BYTES)
  try {
    plaintext.set(digestOf(binding), SALT_BYTES)
    plaintext.set(key, SALT_BYTES + DIGEST_BYTES)
    const wrapped = await wrapKwp(cryptoki, session, kek, choice.kwp ?? 0, plaintext)
    return exact(Buffer.concat([Buffer.of(KWP_FORMAT), wrapped]), KWP_BLOB_BYTES)
  } finally {
    plaintext.fill(0)
  }
}

/**
 * @returns the key, the caller's to wipe
 * @throws DoesNotOpen when the form or the context is another; what the token throws may mean the same
 */
export async function unwrapKey(
  { cryptoki, session, kek, gcmParameters, choice }: Wrapper,
  blob: Buffer,
  binding: Buffer,
): Promise<Buffer> {
  if (blob[0] === GCM_FORMAT && blob.length === GCM_BLOB_BYTES) {
    const nonce = blob.subarray(1, 1 + NONCE_BYTES)
    cryptoki.C_DecryptInit(session, gcm(gcmParameters, nonce, binding), kek)
    const into = Buffer.alloc(KEY_BYTES + 64)
    const opened = await cryptoki.C_DecryptAsync(session, blob.subarray(1 + NONCE_BYTES), into)
    if (opened.length !== KEY_BYTES) throw new DoesNotOpen('The wrapped key has another length.')
    return opened
  }
  if (blob[0] !== KWP_FORMAT || blob.length !== KWP_BLOB_BYTES) {
    throw new DoesNotOpen('The wrapped key has an unknown form.')
  }
  if (choice.kwp === undefined) {
    throw new Error('The key was wrapped by AES-KWP, which this token does not have any more.')
  }
  const plaintext = await unwrapKwp(cryptoki, session, kek, choice.kwp, blob.subarray(1))
  try {
    const bound = plaintext.subarray(SALT_BYTES, SALT_BYTES + DIGEST_BYTES)
    if (plaintext.length !== KWP_PLAINTEXT_BYTES || !timingSafeEqual(bound, digestOf(binding))) {
      throw new DoesNotOpen('The wrapped key belongs elsewhere.')
    }
    return Buffer.from(plaintext.subarray(SALT_BYTES + DIGEST_BYTES))
  } finally {
    plaintext.fill(0)
  }
}

function gcm(type: number, iv: Buffer, aad: Buffer) {
  const parameter = { type, iv, ivBits: 8 * iv.length, aad, tagBits: 8 * TAG_BYTES }
  return { mechanism: MECHANISMS.CKM_AES_GCM.number, parameter }
}

function digestOf(binding: Uint8Array): Buffer {
  return createHash('sha256').update(binding).digest()
}

function exact(blob: Buffer, bytes: number): Buffer {
  if (blob.length === bytes) return blob
  throw new HsmRefusal(
    `The token made ${blob.length} bytes where ${bytes} were expected, as one does that makes the nonces of AES-GCM itself: what came could not be opened. Choose AES-KWP in key_wrap_mechanism (docs/kek-stores/pkcs11.md).`,
  )
}
