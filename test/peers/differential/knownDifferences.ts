import { CIRCUMSTANCES } from './known/circumstances.ts'
import { HARMLESS } from './known/harmless.ts'
import { MENDED } from './known/mended.ts'
import { MENDED_LIMITS } from './known/mendedLimits.ts'
import { MENDED_ORDERS } from './known/mendedOrders.ts'
import type { KnownDifference } from './knownDifference.ts'

/** Everything that may differ between the two. The first entry that covers a difference counts. */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  ...CIRCUMSTANCES,
  ...MENDED,
  ...MENDED_LIMITS,
  ...MENDED_ORDERS,
  ...HARMLESS,
]
