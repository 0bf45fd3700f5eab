import type { KnownDifference } from '../knownDifference.ts'

const TEXT_TYPES = /^(text\/|application\/octet-stream|application\/pkcs8)/i

/** Defects of Barbican that we do not copy, by number. */
export const MENDED: readonly KnownDifference[] = [
  {
    cause: 'mended',
    quirk: 'Q07',
    reason: 'a body beyond the limit is 413, not cut and called malformed',
    told: 'an oversized JSON body',
    body: /^.{25001,}/s,
    where: /^status$/,
    theirs: /^(400|20[012])$/,
    ours: /^413$/,
  },
]
