import type { PageRequest } from '../../model/page.ts'

export interface PagingLimits {
  readonly defaultLimit: number
  readonly maxLimit: number
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
