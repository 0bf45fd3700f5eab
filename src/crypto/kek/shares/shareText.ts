import { createHash, timingSafeEqual } from 'node:crypto'
import { base32Letters, decodeBase32, encodeBase32 } from './base32.ts'

/*
 * A share as people keep it: `gatehouse-share-1 . SET . THRESHOLD . INDEX . VALUE . CHECKSUM`, with dashes
 * between. The first four say in clear what it is and where it belongs; VALUE is 32 bytes, CHECKSUM
 * four bytes of SHA-256 over all before it, both base32. It tells a slip of the pen from a wrong share.
 */
export const SHARE_VALUE_BYTES = 32
const PREFIX = 'gatehouse-share-'
const VERSION = 1
const CHECKSUM_BYTES = 4
/** Far more than a share has; blanks and line breaks that people put in included. */
export const MOST_SHARE_BYTES = 1024
const HEAD = new RegExp(`^${PREFIX}${VERSION}-([0-9a-f]{16})-([1-9][0-9]{0,2})-([1-9][0-9]{0,2})-$`)
const CHECKSUM_LETTERS = base32Letters(CHECKSUM_BYTES)
const VALUE_LETTERS = base32Letters(SHARE_VALUE_BYTES)
const DASH = 0x2d

export interface Share {
  /** 16 hex digits: which sharing of which keyring it is part of. */
  readonly set: string
  readonly threshold: number
  readonly index: number
  /** The caller's, to wipe. */
  readonly value: Uint8Array
}

export class ShareRefused extends Error {
  constructor(sentence: string) {
    super(sentence)
    this.name = 'ShareRefused'
  }
}

/** @returns the letters as bytes; the caller wipes them */
export function writeShare({ set, threshold, index, value }: Share): Buffer {
  const head = Buffer.from(`${PREFIX}${VERSION}-${set}-${threshold}-${index}-`, 'latin1')
  const letters = encodeBase32(value)
  const body = Buffer.concat([head, letters, Buffer.from('-')])
  const text = Buffer.concat([body, encodeBase32(checksumOf(body))])
  letters.fill(0)
  body.fill(0)
  return text
}

/**
 * Blanks and line breaks do not count, nor does upper case. Wipes what it is given.
 * @throws ShareRefused with a sentence that holds nothing of the share but what it says in clear
 */
export function readShare(given: Buffer): Share {
  const text = tidied(given)
  given.fill(0)
  try {
    return shareIn(text)
  } finally {
    text.fill(0)
  }
}

function shareIn(text: Buffer): Share {
  // A version that we do not know may look otherwise behind it.
  const version = /^gatehouse-share-(\d{1,3})-/.exec(text.toString('latin1', 0, PREFIX.length + 4))
  if (version === null) {
    throw new ShareRefused(`This is no share: one begins with ${PREFIX}${VERSION}-.`)
  }
  if (Number(version[1]) !== VERSION) {
    throw new ShareRefused(
      `This is a share of version ${version[1]}, this Gatehouse reads version ${VERSION}: run the release that wrote it, or a newer one.`,
    )
  }
  const checksumAt = text.length - CHECKSUM_LETTERS
  const valueAt = checksumAt - 1 - VALUE_LETTERS
  // Only what stands there in clear becomes a string.
  const head = HEAD.exec(text.toString('latin1', 0, Math.max(valueAt, 0)))
  const checksum = decodeBase32(text.subarray(Math.max(checksumAt, 0)), CHECKSUM_BYTES)
  if (head === null || checksum === undefined || text[checksumAt - 1] !== DASH) throw mistyped()
  if (!timingSafeEqual(checksum, checksumOf(text.subarray(0, checksumAt)))) throw mistyped()
  const value = decodeBase32(text.subarray(valueAt, checksumAt - 1), SHARE_VALUE_BYTES)
  if (value === undefined) throw mistyped()
  const [, set = '', threshold, index] = head
  return { set, threshold: Number(threshold), index: Number(index), value }
}

function mistyped(): ShareRefused {
  return new ShareRefused(
    'This share is mistyped, or not all of it is there: its checksum does not match. Nothing is lost, try again.',
  )
}

function checksumOf(body: Uint8Array): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, CHECKSUM_BYTES)
}

function tidied(given: Uint8Array): Buffer {
  const text = Buffer.alloc(given.length)
  let end = 0
  for (const byte of given) {
    if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) continue
    text[end] = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
    end += 1
  }
  return text.subarray(0, end)
}
