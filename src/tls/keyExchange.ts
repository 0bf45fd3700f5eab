import { createSecureContext } from 'node:tls'
import { CertificateTrouble } from './certificateFiles.ts'

/** 'require': with nobody who cannot. */
export type PostQuantum = 'prefer' | 'require' | 'off'

/** X25519 and ML-KEM-768 (FIPS 203) in one, of TLS 1.3 alone: who records it has to break both one day (ADR 0062). */
const HYBRID = 'X25519MLKEM768'
/** In the order of preference; the same that clients offer first. */
const CLASSICAL = ['X25519', 'P-256', 'P-384', 'P-521']

/** What a key may be agreed upon with, the preferred one first. @throws CertificateTrouble */
export function groupsOf(postQuantum: PostQuantum): readonly string[] {
  if (postQuantum === 'off') return CLASSICAL
  // OpenSSL has it from 3.5, and not under every provider: it says so itself.
  if (!isKnown(HYBRID)) {
    if (postQuantum === 'prefer') return CLASSICAL
    throw new CertificateTrouble(
      `[ssl] post_quantum = require wants ${HYBRID}, which OpenSSL ${process.versions.openssl} does not have here.`,
    )
  }
  return postQuantum === 'require' ? [HYBRID] : [HYBRID, ...CLASSICAL]
}

/**
 * As OpenSSL reads it. The slash has it ask for the hybrid whoever knows it and began with another: a round trip more,
 * where it would else take what came.
 */
export function groupList(postQuantum: PostQuantum): string {
  const [first = '', ...others] = groupsOf(postQuantum)
  if (first !== HYBRID || others.length === 0) return [first, ...others].join(':')
  return `${first}/${others.join(':')}`
}

function isKnown(group: string): boolean {
  try {
    createSecureContext({ ecdhCurve: group })
    return true
  } catch {
    return false
  }
}
