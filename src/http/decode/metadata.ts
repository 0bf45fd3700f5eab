import { z } from 'zod'
import { text } from './text.ts'

const KEY = /^[A-Za-z0-9_-]+$/

const KEYS = 'keys are 1 to 255 letters, digits, "-" and "_"'

const key = text(255, 1).refine((value) => KEY.test(value), { error: KEYS })

/** POST and PUT of one metadatum: no other property is allowed (contract 02). */
export const metadatumBody = z.strictObject(
  { key, value: text(255) },
  { error: 'an object of key and value, and nothing else, is wanted' },
)

export const metadataBody = z.object(
  {
    metadata: z.record(key, text(255), {
      error: ({ code }) =>
        code === 'invalid_key' ? KEYS : 'an object of keys with string values is wanted',
    }),
  },
  { error: 'an object is wanted' },
)

/** Keys are kept in lower case. Where two meet, the one that came with an upper-case letter wins. */
export function foldedMetadata(entries: Readonly<Record<string, string>>): Map<string, string> {
  const isFolded = ([name]: readonly [string, string]): boolean => name === name.toLowerCase()
  const folded = new Map(Object.entries(entries).filter(isFolded))
  for (const [name, value] of Object.entries(entries)) {
    if (name !== name.toLowerCase()) folded.set(name.toLowerCase(), value)
  }
  return folded
}
