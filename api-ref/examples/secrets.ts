import type { Example } from '../writer/example.ts'

export const secretExamples: readonly Example[] = [
  {
    title: 'Store a text in one step',
    request: 'POST /v1/secrets',
    body: { name: 'database password', payload: 'open sesame', payload_content_type: 'text/plain' },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/secrets/fde1fabd-3354-445d-8bb5-08e697e3278a',
    },
    answer: { secret_ref: 'http://127.0.0.1:9311/v1/secrets/fde1fabd-3354-445d-8bb5-08e697e3278a' },
  },
  {
    title: 'Store a binary key in one step',
    request: 'POST /v1/secrets',
    body: {
      name: 'volume key',
      algorithm: 'aes',
      bit_length: 256,
      mode: 'xts',
      secret_type: 'symmetric',
      payload: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
      payload_content_type: 'application/octet-stream',
      payload_content_encoding: 'base64',
    },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/secrets/ff0e87ff-d4dc-41dc-80e4-a88c69e9cbe5',
    },
    answer: { secret_ref: 'http://127.0.0.1:9311/v1/secrets/ff0e87ff-d4dc-41dc-80e4-a88c69e9cbe5' },
  },
  {
    title: 'Store what is known of it, as the first of two steps',
    request: 'POST /v1/secrets',
    body: { name: 'later', expiration: '2030-01-01T00:00:00Z' },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/secrets/0f5761b4-8bb4-4140-a5a9-e0a34c3227a0',
    },
    answer: { secret_ref: 'http://127.0.0.1:9311/v1/secrets/0f5761b4-8bb4-4140-a5a9-e0a34c3227a0' },
  },
  {
    title: 'A payload without its type is refused',
    request: 'POST /v1/secrets',
    body: { payload: 'open sesame' },
    status: 400,
    answer: {
      code: 400,
      title: 'Bad Request',
      description: 'Property payload_content_type is not valid: it is wanted with a payload.',
    },
  },
  {
    title: 'Somebody who may only read is refused',
    request: 'POST /v1/secrets',
    by: 'observer',
    body: {},
    status: 403,
    answer: {
      code: 403,
      title: 'Forbidden',
      description:
        'secrets:post refused: it needs role admin or role creator; your roles: observer.',
    },
  },
  {
    title: 'Retrieve the payload as text',
    request: 'GET /v1/secrets/fde1fabd-3354-445d-8bb5-08e697e3278a/payload',
    headers: { Accept: 'text/plain' },
    status: 200,
    answerHeaders: { 'Cache-Control': 'no-store', 'Content-Type': 'text/plain; charset=UTF-8' },
    answer: 'open sesame',
  },
  {
    title: 'Another type than can be given is refused',
    request: 'GET /v1/secrets/fde1fabd-3354-445d-8bb5-08e697e3278a/payload',
    headers: { Accept: 'image/png' },
    status: 406,
    answer: {
      code: 406,
      title: 'Not Acceptable',
      description:
        'The payload cannot be given as Accept wants it: application/octet-stream always can.',
    },
  },
  {
    title: 'Half of what a wrapped answer wants',
    request:
      'GET /v1/secrets/fde1fabd-3354-445d-8bb5-08e697e3278a/payload?trans_wrapped_session_key=AAECAwQF',
    status: 400,
    answer: {
      code: 400,
      title: 'Bad Request',
      description:
        'Query parameter transport_key_id is missing: trans_wrapped_session_key wants it.',
    },
  },
  {
    title: 'There is no payload yet',
    request: 'GET /v1/secrets/0f5761b4-8bb4-4140-a5a9-e0a34c3227a0/payload',
    status: 404,
    answer: {
      code: 404,
      title: 'Not Found',
      description: 'Secret 0f5761b4-8bb4-4140-a5a9-e0a34c3227a0 has no payload yet: PUT one first.',
    },
  },
  {
    title: 'Store the payload as the second step',
    request: 'PUT /v1/secrets/0f5761b4-8bb4-4140-a5a9-e0a34c3227a0',
    headers: { 'Content-Type': 'text/plain' },
    body: 'open sesame',
    status: 204,
  },
  {
    title: 'A payload is written once',
    request: 'PUT /v1/secrets/0f5761b4-8bb4-4140-a5a9-e0a34c3227a0',
    headers: { 'Content-Type': 'text/plain' },
    body: 'another',
    status: 409,
    answer: {
      code: 409,
      title: 'Conflict',
      description:
        'Secret 0f5761b4-8bb4-4140-a5a9-e0a34c3227a0 already has data, and a payload is written once.',
    },
  },
]
