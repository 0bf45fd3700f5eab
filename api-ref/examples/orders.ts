import type { Example } from '../writer/example.ts'

export const orderExamples: readonly Example[] = [
  {
    title: 'Order a key',
    request: 'POST /v1/orders',
    body: {
      type: 'key',
      meta: { name: 'volume key', algorithm: 'aes', bit_length: 256, mode: 'xts' },
    },
    status: 202,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/orders/82bfef1f-f991-43fb-9196-d30e4cac7e62',
    },
    answer: { order_ref: 'http://127.0.0.1:9311/v1/orders/82bfef1f-f991-43fb-9196-d30e4cac7e62' },
  },
  {
    title: 'Order a key pair',
    request: 'POST /v1/orders',
    body: { type: 'asymmetric', meta: { name: 'signing', algorithm: 'ec', bit_length: 256 } },
    status: 202,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/orders/49098edc-61f3-4d9c-a133-ecd0e1c77539',
    },
    answer: { order_ref: 'http://127.0.0.1:9311/v1/orders/49098edc-61f3-4d9c-a133-ecd0e1c77539' },
  },
  {
    title: 'A length is wanted',
    request: 'POST /v1/orders',
    body: { type: 'key', meta: { algorithm: 'aes' } },
    status: 400,
    answer: {
      code: 400,
      title: 'Bad Request',
      description:
        'Property meta.bit_length is not valid: a multiple of 8 from 8 to 32760 is wanted.',
    },
  },
  {
    title: 'Retrieve the order of a key',
    request: 'GET /v1/orders/82bfef1f-f991-43fb-9196-d30e4cac7e62',
    status: 200,
    answer: {
      created: '2026-01-02T03:04:05.000004',
      updated: '2026-01-02T03:04:05.000004',
      status: 'ACTIVE',
      type: 'key',
      meta: {
        name: 'volume key',
        algorithm: 'aes',
        bit_length: 256,
        mode: 'xts',
        expiration: null,
      },
      sub_status: 'Unknown',
      sub_status_message: 'Unknown',
      creator_id: '7f0b6d6f8f5b4c6b9f7a3d1c5e2a4b60',
      secret_ref: 'http://127.0.0.1:9311/v1/secrets/76c595a3-1ca0-4f54-97fb-66bfe9b94a9d',
      order_ref: 'http://127.0.0.1:9311/v1/orders/82bfef1f-f991-43fb-9196-d30e4cac7e62',
    },
  },
  {
    title: 'Retrieve the order of a key pair once it is made',
    request: 'GET /v1/orders/49098edc-61f3-4d9c-a133-ecd0e1c77539',
    status: 200,
    answer: {
      created: '2026-01-02T03:04:05.000006',
      updated: '2026-01-02T03:04:05.000008',
      status: 'ACTIVE',
      type: 'asymmetric',
      meta: { name: 'signing', algorithm: 'ec', bit_length: 256, expiration: null },
      sub_status: 'Unknown',
      sub_status_message: 'Unknown',
      creator_id: '7f0b6d6f8f5b4c6b9f7a3d1c5e2a4b60',
      order_ref: 'http://127.0.0.1:9311/v1/orders/49098edc-61f3-4d9c-a133-ecd0e1c77539',
      container_ref: 'http://127.0.0.1:9311/v1/containers/3c54c78d-f0c9-4dde-90a1-5a6f88437d6a',
    },
    waits: true,
  },
  {
    isSetup: true,
    title: 'Before',
    request: 'POST /v1/orders',
    body: { type: 'key', meta: { algorithm: 'blowfish', bit_length: 256 } },
    status: 202,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/orders/5dd51de2-7dda-42b7-9756-ef5604331536',
    },
    answer: { order_ref: 'http://127.0.0.1:9311/v1/orders/5dd51de2-7dda-42b7-9756-ef5604331536' },
  },
  {
    title: 'An order that cannot be served',
    request: 'GET /v1/orders/5dd51de2-7dda-42b7-9756-ef5604331536',
    status: 200,
    answer: {
      created: '2026-01-02T03:04:05.000009',
      updated: '2026-01-02T03:04:05.000009',
      status: 'ERROR',
      type: 'key',
      meta: { algorithm: 'blowfish', bit_length: 256, name: null, expiration: null },
      error_status_code: '400',
      error_reason:
        'Process TypeOrder issue seen - no secret store makes keys for algorithm blowfish.',
      creator_id: '7f0b6d6f8f5b4c6b9f7a3d1c5e2a4b60',
      order_ref: 'http://127.0.0.1:9311/v1/orders/5dd51de2-7dda-42b7-9756-ef5604331536',
    },
  },
  {
    title: 'List orders whose meta holds a text',
    request: 'GET /v1/orders?meta=volume',
    status: 200,
    answer: {
      orders: [
        {
          created: '2026-01-02T03:04:05.000004',
          updated: '2026-01-02T03:04:05.000004',
          status: 'ACTIVE',
          type: 'key',
          meta: {
            name: 'volume key',
            algorithm: 'aes',
            bit_length: 256,
            mode: 'xts',
            expiration: null,
          },
          sub_status: 'Unknown',
          sub_status_message: 'Unknown',
          creator_id: '7f0b6d6f8f5b4c6b9f7a3d1c5e2a4b60',
          secret_ref: 'http://127.0.0.1:9311/v1/secrets/76c595a3-1ca0-4f54-97fb-66bfe9b94a9d',
          order_ref: 'http://127.0.0.1:9311/v1/orders/82bfef1f-f991-43fb-9196-d30e4cac7e62',
        },
      ],
      total: 1,
    },
  },
  {
    title: 'A marker that is no id',
    request: 'GET /v1/orders?marker=last',
    status: 400,
    answer: {
      code: 400,
      title: 'Bad Request',
      description: 'Query parameter marker is not valid: the id or the href of an order is wanted.',
    },
  },
  {
    title: 'Orders are not changed',
    request: 'PUT /v1/orders',
    body: {},
    status: 405,
    answer: {
      code: 405,
      title: 'Method Not Allowed',
      description: 'Orders cannot be changed: delete this one and place another.',
    },
  },
  {
    title: 'Delete an order',
    request: 'DELETE /v1/orders/82bfef1f-f991-43fb-9196-d30e4cac7e62',
    by: 'admin',
    status: 204,
  },
  {
    title: 'A creator may not, by default',
    request: 'DELETE /v1/orders/49098edc-61f3-4d9c-a133-ecd0e1c77539',
    status: 403,
    answer: {
      code: 403,
      title: 'Forbidden',
      description:
        'order:delete refused: it needs role admin and a token for its project; your roles: creator, member.',
    },
  },
]
