/** What each status means, whatever was asked; the one table behind pages and document. */
export const STATUSES: Readonly<Record<number, { readonly title: string; readonly when: string }>> =
  {
    200: { title: 'OK', when: 'Done.' },
    201: { title: 'Created', when: 'Created.' },
    202: { title: 'Accepted', when: 'Accepted, and mostly done; the order says how far it is.' },
    204: { title: 'No Content', when: 'Done; there is nothing to say.' },
    300: { title: 'Multiple Choices', when: 'The versions, of which there is one.' },
    302: { title: 'Found', when: 'Accept was application/json-home: Location is /v1/.' },
    304: {
      title: 'Not Modified',
      when: 'Nothing has changed since the ETag in If-None-Match.',
    },
    400: {
      title: 'Bad Request',
      when: 'The body, a parameter or a header is wrong; the description says which, and what would be right.',
    },
    401: {
      title: 'Unauthorized',
      when: 'No token, one that is not valid, or one without a project. WWW-Authenticate says where Keystone is, if there is one.',
    },
    403: {
      title: 'Forbidden',
      when: 'The policy refuses, or a quota is reached; the description names which. Decided before the body is looked at.',
    },
    404: {
      title: 'Not Found',
      when: 'What the path names is not there: an unknown or malformed id, deleted, or expired. Decided before the policy is asked.',
    },
    405: {
      title: 'Method Not Allowed',
      when: 'The path is there and the method is not; Allow names those that are. HEAD is none of them.',
    },
    406: {
      title: 'Not Acceptable',
      when: 'Accept excludes what can be given, or OpenStack-API-Version names a version that is not served.',
    },
    409: { title: 'Conflict', when: 'What was to be added is there already.' },
    413: {
      title: 'Request Entity Too Large',
      when: 'The body is larger than 25000 bytes, or the payload, as sent, than 20000, unless the operator has set other limits.',
    },
    415: {
      title: 'Unsupported Media Type',
      when: 'Content-Type is missing, or not what this operation takes.',
    },
    429: {
      title: 'Too Many Requests',
      when: 'A limit that the operator has set ([rate_limits]); Retry-After says when to ask again.',
    },
    500: {
      title: 'Internal Server Error',
      when: 'A mistake of the server, or damaged data; the operator wants the request id.',
    },
    503: {
      title: 'Service Unavailable',
      when: 'The database, Keystone or the KEK store is away, or the server has more work than it can do in time; Retry-After says when to ask again.',
    },
  }

/** Any operation that wants a token can answer these, whatever its record says. */
export const OF_EVERY_OPERATION = [400, 401, 406, 429, 500, 503] as const

export function meaningOf(status: number): { readonly title: string; readonly when: string } {
  const meaning = STATUSES[status]
  if (meaning === undefined) throw new Error(`status ${status} has no meaning in the reference`)
  return meaning
}
