import { z } from 'zod'

/** Text of at most `max` code points (Python counts those), without U+0000, which not every database can hold. */
export function text(max: number, min = 0) {
  return (
    z
      .string({ error: 'a string is wanted' })
      // As many UTF-16 units as are allowed code points cannot be too many of those.
      .refine((value) => value.length <= max || codePoints(value) <= max, {
        error: `at most ${max} characters are allowed`,
      })
      .refine((value) => value.length >= 2 * min || codePoints(value) >= min, {
        error: `at least ${min} character is wanted`,
      })
      .refine((value) => !value.includes('\0'), { error: 'the character U+0000 is not allowed' })
      // JSON Schema counts code points as well; of the checks above the reference would know nothing.
      .meta({ maxLength: max, ...(min > 0 ? { minLength: min } : {}) })
  )
}

function codePoints(value: string): number {
  let count = 0
  for (const _ of value) count += 1
  return count
}
