import { isUtf8 } from 'node:buffer'
import { Fault } from '../lib/fault.ts'
import { strip } from '../lib/strip.ts'

/** Deeper than any client nests, and far from what a stack can bear. */
const MAX_DEPTH = 50

/** JSON endpoints want exactly this media type, in this case; parameters are allowed (contract 00). */
export function requireJsonContentType(contentType: string | undefined): void {
  if (contentType?.split(';')[0]?.trim() === 'application/json') return
  throw new Fault(
    'unsupportedMediaType',
    `Content-Type wants application/json; this request has ${contentType === undefined ? 'none' : 'another'}.`,
  )
}

/** Parses a body and strips every string value in it, as Barbican does before it validates. */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0)
    throw new Fault('badRequest', 'The body is empty; a JSON object is wanted.')
  if (!isUtf8(bytes)) throw new Fault('badRequest', 'The body is not UTF-8 text.')
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    // The parser's own message quotes the body, which may hold a payload.
    throw new Fault('badRequest', 'The body is malformed: it is not valid JSON.')
  }
  return stripped(value, 0)
}

/** In place: the value was parsed a moment ago, and nobody else has it. */
function stripped(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return strippedText(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth === MAX_DEPTH) {
    throw new Fault('badRequest', `The body nests deeper than ${MAX_DEPTH} levels.`)
  }
  if (Object.hasOwn(value, '__proto__')) {
    // zod leaves it out without a word, and a key that vanishes is worse than one refused.
    throw new Fault('badRequest', 'The body has a key named __proto__, which cannot be kept.')
  }
  const members = value as Record<string, unknown>
  for (const key of Object.keys(members)) members[key] = stripped(members[key], depth + 1)
  return value
}

function strippedText(text: string): string {
  if (!text.isWellFormed()) {
    throw new Fault(
      'badRequest',
      'A string in the body holds half a surrogate pair: no valid text.',
    )
  }
  return strip(text)
}
