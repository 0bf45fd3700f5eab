import type { Random } from './random.ts'
import type { Twins } from './twins.ts'

/** A conversation with both: what it makes lies in projects of its own. */
export interface Scenario {
  readonly name: string
  run(twins: Twins, random: Random): Promise<void>
}

/** All values of one with all of the other, in a fixed order. */
export const crossed = <A, B>(
  ones: readonly A[],
  others: readonly B[],
): readonly (readonly [A, B])[] =>
  ones.flatMap((one) => others.map((other) => [one, other] as const))
