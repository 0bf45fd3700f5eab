import { createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import { deriveBytes } from '../../deriveKey.ts'
import type { KeyringHeader } from '../keyringForm.ts'
import { combinePoints, type Quorum, splitSecret } from './shamir.ts'
import { SHARE_VALUE_BYTES, type Share, writeShare } from './shareText.ts'

/** What the first line of a keyring says of the shares that open it. */
export type ShareScheme = Extract<KeyringHeader['protection'], { readonly kind: 'shares' }>

export interface Dealt {
  readonly scheme: ShareScheme
  /** What seals the keyring. Nothing keeps it but the shares. */
  readonly key: KeyObject
  /** One for each person, as text in bytes; the caller hands them out and wipes them. */
  readonly texts: readonly Buffer[]
}

const SALT = 'gatehouse/share/1'
const SET_BYTES = 8

/** A fresh key, in shares of a set of their own. */
export function dealShares(quorum: Quorum): Dealt {
  const bytes = randomBytes(SHARE_VALUE_BYTES)
  const set = randomBytes(SET_BYTES).toString('hex')
  const points = splitSecret(bytes, quorum)
  try {
    const shares = points.map((point): Share => ({ ...point, set, threshold: quorum.threshold }))
    return {
      key: createSecretKey(bytes),
      scheme: {
        kind: 'shares',
        set,
        ...quorum,
        commitments: shares.map((share) => commitmentOf(share).toString('hex')),
      },
      texts: shares.map(writeShare),
    }
  } finally {
    bytes.fill(0)
    for (const { value } of points) value.fill(0)
  }
}

/**
 * Is this the very share that was dealt? 32 random bytes stand behind each commitment, so it tells nothing
 * of them, and a wrong share is found when it comes and not when all are there.
 */
export function isDealt({ commitments, threshold, set }: ShareScheme, share: Share): boolean {
  const commitment = commitments[share.index - 1]
  if (commitment === undefined || share.threshold !== threshold || share.set !== set) return false
  return timingSafeEqual(commitmentOf(share), Buffer.from(commitment, 'hex'))
}

/** @param shares as many as it takes, each of them dealt */
export function keyOf(shares: Iterable<Share>): KeyObject {
  const bytes = combinePoints([...shares])
  try {
    return createSecretKey(bytes)
  } finally {
    bytes.fill(0)
  }
}

function commitmentOf({ set, index, value }: Share): Buffer {
  return Buffer.from(deriveBytes(value, SALT, `${set}/${index}`))
}
