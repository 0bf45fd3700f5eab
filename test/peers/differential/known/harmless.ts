import type { KnownDifference } from '../knownDifference.ts'

/** What no client relies on. */
export const HARMLESS: readonly KnownDifference[] = [
  {
    cause: 'ours',
    reason: 'metadata carries an ETag',
    told: 'no ETag',
    where: /^header etag$/,
    theirs: /absent/,
  },
  {
    cause: 'ours',
    reason: 'payloads are not for caches',
    told: 'Cache-Control: no-store',
    line: /^GET \/v1\/secrets\//,
    where: /^header cache-control$/,
    theirs: /absent/,
    ours: /no-store/,
  },
]
