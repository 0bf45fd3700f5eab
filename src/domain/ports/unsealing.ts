/** How it is with one KEK store that shares open. No share and no key is in it. */
export interface SealStatus {
  readonly store: string
  readonly isSealed: boolean
  /** Which sharing of its keyring is in force. */
  readonly set: string
  readonly threshold: number
  /** Shares that were brought so far. */
  readonly have: number
}

export type ShareAnswer =
  | { readonly isTaken: true; readonly status: SealStatus }
  | { readonly isTaken: false; readonly sentence: string; readonly retryAfterSeconds?: number }

/** What the people who hold shares can do with a server that runs. */
export interface Unsealing {
  status(): Promise<readonly SealStatus[]>
  /** Wipes the share. */
  bring(share: Buffer): Promise<ShareAnswer>
  /** Forgets the shares that were brought. */
  reset(): void
  /** Forgets shares and keys at once. */
  seal(): Promise<void>
}
