export interface KeyringLimits {
  /** How long an unwrapped key may be used without asking the KEK store again; 0 asks every time. */
  readonly ttlSeconds: number
  /** How much longer while the KEK store is away; without meaning when `ttlSeconds` is 0. */
  readonly staleSeconds: number
  /** How many projects' keys are kept at most. */
  readonly maxEntries: number
  /** How many DEKs one term wraps at most. SP 800-38D 8.3 ends at 2^32 random nonces for each key. */
  readonly maxWrapsPerTerm: number
  /** How many of them one process reserves at a time. */
  readonly wrapBlock: number
  readonly maxTermAgeSeconds: number
  readonly kekTimeoutMs: number
}
