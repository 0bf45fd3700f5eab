import { z } from 'zod'
import { text } from './text.ts'

const KEY = /^[A-Za-z0-9_-]+$/

const key = text(255, 1).refine((value) => KEY.test(value), {
  error: 'keys hold letters, digits, "-" and "_"',
})

/** POST and PUT of one metadatum: no other property is allowed (contract 02). */
export const metadatumBody = z.strictObject(
  { key, value: text(255) },
  { error: 'an object of key and value, and nothing else, is wanted' },
)

export const metadataBody = z.object(
  {
    metadata: z.record(key, text(255), { error: 'an object of keys with string values is wanted' }),
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
