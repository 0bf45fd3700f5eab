import { z } from 'zod'
import { Fault, type FaultKind } from '../lib/fault.ts'
import type { Answer } from './route.ts'

/** The one place where a kind of refusal becomes a status. `title` is the reason phrase: clients match on it. */
const ANSWERS = {
  badRequest: { code: 400, title: 'Bad Request' },
  unauthorized: { code: 401, title: 'Unauthorized' },
  forbidden: { code: 403, title: 'Forbidden' },
  notFound: { code: 404, title: 'Not Found' },
  methodNotAllowed: { code: 405, title: 'Method Not Allowed' },
  notAcceptable: { code: 406, title: 'Not Acceptable' },
  conflict: { code: 409, title: 'Conflict' },
  tooLarge: { code: 413, title: 'Request Entity Too Large' },
  unsupportedMediaType: { code: 415, title: 'Unsupported Media Type' },
  tooMany: { code: 429, title: 'Too Many Requests' },
  corrupted: { code: 500, title: 'Internal Server Error' },
  unavailable: { code: 503, title: 'Service Unavailable' },
  overloaded: { code: 503, title: 'Service Unavailable' },
} satisfies Record<FaultKind, { code: number; title: string }>

/** For the reference: every refusal looks like this. */
export const errorShown = z
  .object({
    code: z.int().describe('The status once more.'),
    title: z.string().describe('The reason phrase; clients match on it.'),
    description: z.string().describe('What was wrong, and what would be right.'),
    error: z
      .object({ code: z.int(), title: z.string(), message: z.string() })
      .optional()
      .describe("With 401 alone: the same as Keystone's middleware words it."),
  })
  .meta({ id: 'Error' })

export function json(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, json: value, headers }
}

export const noContent: Answer = { status: 204 }

/** Barbican escapes what is not ASCII (contract 00). */
export function asciiJson(value: unknown): string {
  const text = JSON.stringify(value)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the ASCII range is what is meant
  return /^[\x00-\x7f]*$/.test(text) ? text : text.replace(/[^\x00-\x7f]/g, escapeCodeUnit)
}

function escapeCodeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Only `Fault`s speak to clients; whatever else was thrown is our bug and a bare 500. */
export function faultAnswer(error: unknown, requestId: string): Answer {
  const fault = error instanceof Fault ? error : new Fault('corrupted', 'unexpected error')
  const { code, title } = ANSWERS[fault.kind]
  const description =
    fault.kind === 'corrupted'
      ? `The server could not answer. Give its operator this request id: ${requestId}.`
      : fault.message
  const body = { code, title, description }
  if (fault.kind !== 'unauthorized') return json(code, body, fault.headers)
  // Keystone's middleware wraps its 401 in `error`; clients that know Barbican want the top level (Q02).
  return json(code, { error: { code, title, message: description }, ...body }, fault.headers)
}

export function isClientFault(error: unknown): boolean {
  return error instanceof Fault && error.kind !== 'corrupted' && error.kind !== 'unavailable'
}
