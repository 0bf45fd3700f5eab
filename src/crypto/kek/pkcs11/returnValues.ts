/** What the PKCS#11 library answered when it was not CKR_OK. */
export interface CryptokiError extends Error {
  /** CKR_...; 0 when the addon itself failed. */
  readonly code: number
}

/** A wrong PIN again could lock the token for everybody. */
const PIN = new Set([0xa0, 0xa1, 0xa2, 0xa3, 0xa4])

/** The call as it was asked cannot be: another session would hear the same. */
const CALL = new Set([
  0x07, 0x10, 0x11, 0x12, 0x13, 0x54, 0x62, 0x63, 0x68, 0x69, 0x6a, 0x70, 0x71, 0xd0, 0xd1,
])

export function isPinRefused(error: unknown): boolean {
  return PIN.has(codeOf(error))
}

/** CKR_ALREADY_INITIALIZED, CKR_USER_ALREADY_LOGGED_IN: what was wanted is so. */
export function isSoAlready(error: unknown): boolean {
  return [0x191, 0x100].includes(codeOf(error))
}

/** CKR_NEED_TO_CREATE_THREADS, CKR_CANT_LOCK: the library does not bear several calls at once. */
export function cannotLock(error: unknown): boolean {
  return [0x09, 0x0a].includes(codeOf(error))
}

/** CKR_SESSION_COUNT: the token has no more of them for us. */
export function isOutOfSessions(error: unknown): boolean {
  return codeOf(error) === 0xb1
}

/**
 * Whatever is not known to concern this call alone means that the session, the token or the library is
 * not what it was (removed, logged out, an error of the device or of the vendor): one starts anew.
 */
export function isCallAtFault(error: unknown): boolean {
  return CALL.has(codeOf(error))
}

/** Codes of tokens, and of vendors, that have been seen for a wrong tag; some of them mean much else. */
const DAMAGE = new Set([0x05, 0x06, 0x20, 0x21, 0x40, 0x41, 0x42, 0xc0, 0xc1, 0x110, 0x112])
const VENDORS = 0x80000000

export function mayMeanDamage(error: unknown): boolean {
  const code = codeOf(error)
  return DAMAGE.has(code) || code >= VENDORS
}

export function codeOf(error: unknown): number {
  return error instanceof Error && 'code' in error && typeof error.code === 'number'
    ? error.code
    : 0
}

/** For people: `CKR_PIN_INCORRECT`, or the number that a vendor gave it. */
export function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const name = /CKR_\w+/.exec(message)?.[0]
  const code = codeOf(error)
  return name ?? (code === 0 ? message : `0x${code.toString(16)}`)
}
