import type { Parameter } from './apiReference.ts'
import type { Described } from './described.ts'

const text = { type: 'string' } as const

/** Headers of answers. */
export const HEADERS = {
  'X-OpenStack-Request-Id': {
    description: 'What the operator wants to know when something went wrong.',
    schema: { type: 'string', pattern: '^req-[0-9a-f-]{36}$' },
  },
  'OpenStack-API-Version': {
    description: 'The microversion that was served: key-manager 1.0, 1.1 or 1.2.',
    schema: text,
  },
  Vary: { description: 'OpenStack-API-Version.', schema: text },
  Location: {
    description: 'Where it is.',
    schema: { type: 'string', format: 'uri' },
  },
  ETag: { description: 'Changes with what is shown; for If-None-Match.', schema: text },
  'Cache-Control': {
    description: 'no-store on payloads.',
    schema: text,
  },
  'WWW-Authenticate': {
    description: 'Keystone uri="...", where there is a Keystone.',
    schema: text,
  },
  Allow: { description: 'The methods that are possible, separated by commas.', schema: text },
  'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 0 } },
} as const

const VERSION: Parameter = {
  name: 'OpenStack-API-Version',
  in: 'header',
  description:
    '`key-manager 1.0`, `1.1`, `1.2` or `latest`; 1.0 where it is absent. One that is not served is 406, nonsense is 400.',
  schema: text,
}

const IF_NONE_MATCH: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  description: 'The ETag of an earlier answer: 304 while nothing has changed.',
  schema: text,
}

const CONTENT_ENCODING: Parameter = {
  name: 'Content-Encoding',
  in: 'header',
  description:
    'base64 with application/octet-stream: the body is base64 text. Absent: raw bytes. Ignored with text/plain.',
  schema: text,
}

/** Headers of requests. OpenAPI keeps Accept and Content-Type in other places. */
export function requestParameters({
  answers,
  body,
  isText,
}: Pick<Described, 'answers' | 'body' | 'isText'>): readonly Parameter[] {
  return [
    ...(body === 'payload' ? [CONTENT_ENCODING] : []),
    ...(answers.includes(304) ? [IF_NONE_MATCH] : []),
    ...(isText ? [] : [VERSION]),
  ]
}
