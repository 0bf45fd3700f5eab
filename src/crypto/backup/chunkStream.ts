import type { KeyObject } from 'node:crypto'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { NONCE_BYTES, openGcm, sealGcm, TAG_BYTES } from '../gcm.ts'
import { ByteSource } from './byteSource.ts'

/*
 * A stream under one key that seals nothing else: chunks of `head 4 | ciphertext | tag 16`, AES-256-GCM.
 *
 *   head   length of the content, its highest bit set in the last chunk alone; associated data
 *   nonce  zeros 3 | number of the chunk 8 | 1 for the last, else 0; not stored
 *
 * All chunks but the last hold CHUNK_BYTES. A chunk that was moved, repeated or left out meets another
 * nonce, and so does one whose mark was set or taken; a stream without a last chunk was cut.
 */
export const CHUNK_BYTES = 64 * 1024
const HEAD_BYTES = 4
const LAST = 0x8000_0000

export async function* sealChunks(
  key: KeyObject,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const source = new ByteSource(content)
  try {
    for (let number = 0; ; number += 1) {
      const chunk = await source.upTo(CHUNK_BYTES)
      const isLast = await source.isAtEnd()
      yield sealChunk(key, number, isLast, chunk)
      if (isLast) return
    }
  } finally {
    await source.close()
  }
}

/** @throws StartupRefusal at the first chunk that is not what was sealed there */
export async function* openChunks(key: KeyObject, source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let number = 0; ; number += 1) {
    const head = await source.upTo(HEAD_BYTES)
    if (head.length < HEAD_BYTES) throw cutShort(number)
    const { isLast, length } = readHead(head)
    if (length > CHUNK_BYTES || (!isLast && length < CHUNK_BYTES)) throw damaged(number)
    const sealed = await source.upTo(length + TAG_BYTES)
    if (sealed.length < length + TAG_BYTES) throw cutShort(number)
    yield openChunk(key, number, isLast, head, sealed)
    if (!isLast) continue
    if (!(await source.isAtEnd()))
      throw new StartupRefusal('Something follows the backup in its file.')
    return
  }
}

function sealChunk(key: KeyObject, number: number, isLast: boolean, content: Uint8Array): Buffer {
  const room = Buffer.allocUnsafeSlow(NONCE_BYTES + content.length + TAG_BYTES)
  room.set(nonceOf(number, isLast))
  const head = headOf(content.length, isLast)
  sealGcm(key, head, content, room, 0)
  // The nonce is known to who reads; its place is taken by the head.
  const at = NONCE_BYTES - HEAD_BYTES
  room.set(head, at)
  return room.subarray(at)
}

function openChunk(
  key: KeyObject,
  number: number,
  isLast: boolean,
  head: Uint8Array,
  sealed: Uint8Array,
): Buffer {
  const whole = Buffer.concat([nonceOf(number, isLast), sealed])
  try {
    return openGcm(key, head, whole, 0, whole.length)
  } catch (cause) {
    throw damaged(number, cause)
  }
}

function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce.writeBigUInt64BE(BigInt(number), 3)
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0
  return nonce
}

function headOf(length: number, isLast: boolean): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(isLast ? length + LAST : length)
  return head
}

function readHead(head: Buffer): { readonly isLast: boolean; readonly length: number } {
  const value = head.readUInt32BE()
  return value >= LAST ? { isLast: true, length: value - LAST } : { isLast: false, length: value }
}

function damaged(number: number, cause?: unknown): StartupRefusal {
  const where = number === 0 ? 'first line or its first chunk' : `chunk ${number + 1}`
  return new StartupRefusal(`The backup is damaged or was changed: its ${where} does not open.`, {
    cause,
  })
}

function cutShort(number: number): StartupRefusal {
  return new StartupRefusal(`The backup was cut short: it ends inside chunk ${number + 1}.`)
}
