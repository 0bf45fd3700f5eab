import { z } from 'zod'
import type { PageRequest } from '../../model/page.ts'

export interface PagingLimits {
  readonly defaultLimit: number
  readonly maxLimit: number
}

/** The bounds are those of an installation that sets none. */
export const pagingParameters = {
  limit: z
    .int()
    .min(1)
    .max(100)
    .default(10)
    .describe(
      'How many items at most. A number out of range is brought into it, what is no number is the default; the operator may have set other bounds.',
    ),
  offset: z
    .int()
    .min(0)
    .default(0)
    .describe('How many items to skip. What is no number, or negative, is 0.'),
}

const LARGEST_OFFSET = 2n ** 63n - 1n

/** What is no number is the default, and every number is brought into range (contract 00). */
export function decodePaging(
  query: ReadonlyMap<string, string>,
  { defaultLimit, maxLimit }: PagingLimits,
): PageRequest {
  const limit = wholeNumber(query.get('limit'))
  const offset = wholeNumber(query.get('offset'))
  return {
    limit: Math.max(1, Math.min(limit === undefined ? defaultLimit : clamp(limit), maxLimit)),
    offset: offset === undefined || offset < 0n || offset > LARGEST_OFFSET ? 0 : clamp(offset),
  }
}

function wholeNumber(text: string | undefined): bigint | undefined {
  // Python's int() takes blanks around and a sign.
  const trimmed = text?.trim() ?? ''
  return /^[+-]?\d+$/.test(trimmed) ? BigInt(trimmed.replace('+', '')) : undefined
}

function clamp(value: bigint): number {
  const largest = BigInt(Number.MAX_SAFE_INTEGER)
  if (value > largest) return Number.MAX_SAFE_INTEGER
  return value < 0n ? 0 : Number(value)
}
