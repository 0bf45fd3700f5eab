import type { Discrepancy } from './compare.ts'
import type { Pair } from './twins.ts'

/** Why the two may answer differently. */
export type Cause =
  /** Barbican's defect; ours is mended. */
  | 'mended'
  /** No client can rely on either. */
  | 'harmless'
  /** We add something. */
  | 'ours'
  /** Debian has 15.0.1, we follow a newer Barbican. */
  | 'newer Barbican'
  /** How both run here without Keystone: no deployment looks like this. */
  | 'without Keystone'

/** A difference that is wanted: which pairs show it, where, and why. All that is given has to match. */
export interface KnownDifference {
  readonly reason: string
  readonly cause: Cause
  /** The number under which Barbican's oddities are listed, where it has one. */
  readonly quirk?: string
  /** Words of docs/differences.md that tell operators; wanted for all that is mended, harmless or ours. */
  readonly told?: string
  readonly line?: RegExp
  readonly header?: readonly [name: string, value: RegExp]
  readonly body?: RegExp
  readonly where: RegExp
  readonly theirs?: RegExp
  readonly ours?: RegExp
}

export const covers = (known: KnownDifference, pair: Pair, discrepancy: Discrepancy): boolean => {
  const { method, path, headers, body } = pair.question
  const { where, theirs, ours } = discrepancy
  const named = known.header
  const sent = Object.entries(headers).find(([name]) => name.toLowerCase() === named?.[0])?.[1]
  return (
    known.where.test(where) &&
    (known.theirs?.test(theirs) ?? true) &&
    (known.ours?.test(ours) ?? true) &&
    (known.line?.test(`${method} ${path}`) ?? true) &&
    (named === undefined || (sent !== undefined && named[1].test(sent))) &&
    (known.body?.test(body?.toString('latin1') ?? '') ?? true)
  )
}
