/*
 * What the verbs need from outside. Every method may throw Fault('unavailable') when what stands
 * behind it is away; no other Fault comes from an adapter unless its comment says so.
 *
 * A change is a command: one call, one transaction, its checks inside. `verifiedMac` is the MAC of the
 * record the caller verified; when the stored one differs by now, nothing is written and the answer is
 * 'stale': read again and judge again.
 */

export type Changed = 'changed' | 'stale' | 'gone'

/**
 * The project has as many as it may; nothing was written. Counted in the transaction that would have
 * inserted, under a lock of the project: requests at the same time, on whatever node, pass no limit.
 */
export interface QuotaReached {
  readonly quotaReached: number
}
