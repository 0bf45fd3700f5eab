/*
 * What the server and the process that talks to the HSM say to each other. A frame is one JSON header
 * and behind it the bytes that are keys or sealed ones, so that no key ever becomes text.
 */

/** How to find the token; the first that is given counts. */
export interface TokenChoice {
  readonly serial: string | undefined
  /** The first of these that is there. */
  readonly labels: readonly string[]
  readonly slotId: number | undefined
}

export interface LibraryRequest {
  /** `pkcs11js`, or the absolute path of its folder. */
  readonly addon: string
  readonly libraryPath: string
}

export interface OpenRequest extends LibraryRequest {
  readonly verb: 'open'
  readonly token: TokenChoice
  /** The current one first; the others open what they wrapped. */
  readonly labels: readonly string[]
  /** `auto`, a name of MECHANISMS, or a number of the vendor's for AES-KWP. */
  readonly mechanism: string
  readonly maxSessions: number
  readonly isReadWrite: boolean
  /** The PIN has been right before: what others got wrong since does not count. */
  readonly isPinProven: boolean
}

/** Bytes: open: PIN; wrap: key, context; unwrap: blob, context. */
export type HsmRequest =
  | OpenRequest
  | (LibraryRequest & { readonly verb: 'probe' })
  | { readonly verb: 'wrap' | 'unwrap'; readonly kekId: string }
  | { readonly verb: 'generate'; readonly label: string }
  | { readonly verb: 'health' }

/** A KEK as it lies in the token. */
export interface HsmKek {
  readonly label: string
  readonly id: string
  readonly fingerprint: string
  /** CKA_START_DATE as YYYY-MM-DD, where the token has one. */
  readonly startDate: string | undefined
  readonly isSensitive: boolean
  readonly isExtractable: boolean
}

export interface HsmOpened {
  readonly token: TokenFacts
  /** Wraps from now on. */
  readonly mechanism: string
  readonly keks: readonly HsmKek[]
}

export interface TokenFacts {
  readonly slotId: string
  readonly label: string
  readonly serial: string
  readonly manufacturer: string
  readonly model: string
}

export interface ProbedToken extends TokenFacts {
  readonly isInitialized: boolean
  readonly mechanisms: readonly string[]
  readonly maxSessions: number
  readonly pin: 'right last time' | 'wrong last time' | 'one try left' | 'locked'
}

export interface HsmProbe {
  readonly library: string
  readonly manufacturer: string
  readonly tokens: readonly ProbedToken[]
}

/**
 * 'corrupted': it does not open, and something that does was opened to be sure. 'refused': the HSM or
 * the configuration is not fit, `isPin` above all. 'failed': this call alone. 'lost': start anew.
 */
export type HsmAnswer =
  | { readonly outcome: 'done'; readonly value?: unknown }
  | { readonly outcome: 'corrupted' | 'failed' | 'lost'; readonly message: string }
  | { readonly outcome: 'refused'; readonly message: string; readonly isPin: boolean }

export type Numbered<T> = T & { readonly id: number }
