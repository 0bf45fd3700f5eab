import type { Example } from '../writer/example.ts'

export const consumerExamples: readonly Example[] = [
  {
    isSetup: true,
    title: 'Before',
    request: 'POST /v1/secrets',
    body: { name: 'volume key' },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/secrets/31ad2f3b-77af-4753-a81d-738306fba0ff',
    },
    answer: { secret_ref: 'http://127.0.0.1:9311/v1/secrets/31ad2f3b-77af-4753-a81d-738306fba0ff' },
  },
  {
    title: 'Register a consumer of a secret',
    request: 'POST /v1/secrets/31ad2f3b-77af-4753-a81d-738306fba0ff/consumers',
    body: { service: 'cinder', resource_type: 'volume', resource_id: '0b5d0b7c6f2e4b4f' },
    status: 200,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/secrets/31ad2f3b-77af-4753-a81d-738306fba0ff/consumers',
    },
    answer: {
      created: '2026-01-02T03:04:05.000004',
      updated: '2026-01-02T03:04:05.000006',
      status: 'ACTIVE',
      name: 'volume key',
      secret_type: 'opaque',
      expiration: null,
      algorithm: null,
      bit_length: null,
      mode: null,
      creator_id: '7f0b6d6f8f5b4c6b9f7a3d1c5e2a4b60',
      consumers: [{ service: 'cinder', resource_type: 'volume', resource_id: '0b5d0b7c6f2e4b4f' }],
      secret_ref: 'http://127.0.0.1:9311/v1/secrets/31ad2f3b-77af-4753-a81d-738306fba0ff',
    },
  },
  {
    title: 'List the consumers of a secret',
    request: 'GET /v1/secrets/31ad2f3b-77af-4753-a81d-738306fba0ff/consumers',
    status: 200,
    answer: {
      consumers: [
        {
          created: '2026-01-02T03:04:05.000006',
          updated: '2026-01-02T03:04:05.000006',
          status: 'ACTIVE',
          service: 'cinder',
          resource_type: 'volume',
          resource_id: '0b5d0b7c6f2e4b4f',
        },
      ],
      total: 1,
    },
  },
  {
    title: 'Retrieve one by its id',
    request:
      'GET /v1/secrets/31ad2f3b-77af-4753-a81d-738306fba0ff/consumers/98bb978b-04df-444e-8fef-87104a28801e',
    status: 200,
    answer: {
      created: '2026-01-02T03:04:05.000006',
      updated: '2026-01-02T03:04:05.000006',
      status: 'ACTIVE',
      service: 'cinder',
      resource_type: 'volume',
      resource_id: '0b5d0b7c6f2e4b4f',
    },
  },
  {
    title: 'Remove a consumer of a secret',
    request: 'DELETE /v1/secrets/31ad2f3b-77af-4753-a81d-738306fba0ff/consumers',
    body: { service: 'cinder', resource_type: 'volume', resource_id: '0b5d0b7c6f2e4b4f' },
    status: 200,
    answer: {
      created: '2026-01-02T03:04:05.000004',
      updated: '2026-01-02T03:04:05.000006',
      status: 'ACTIVE',
      name: 'volume key',
      secret_type: 'opaque',
      expiration: null,
      algorithm: null,
      bit_length: null,
      mode: null,
      creator_id: '7f0b6d6f8f5b4c6b9f7a3d1c5e2a4b60',
      consumers: [],
      secret_ref: 'http://127.0.0.1:9311/v1/secrets/31ad2f3b-77af-4753-a81d-738306fba0ff',
    },
  },
  {
    title: 'One that is not there',
    request: 'DELETE /v1/secrets/31ad2f3b-77af-4753-a81d-738306fba0ff/consumers',
    body: { service: 'cinder', resource_type: 'volume', resource_id: '0b5d0b7c6f2e4b4f' },
    status: 404,
    answer: { code: 404, title: 'Not Found', description: 'Consumer not found.' },
  },
  {
    isSetup: true,
    title: 'Before',
    request: 'POST /v1/containers',
    body: { name: 'tls', type: 'generic' },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/containers/551a0a5f-a4e3-43bf-b595-b2690492d573',
    },
    answer: {
      container_ref: 'http://127.0.0.1:9311/v1/containers/551a0a5f-a4e3-43bf-b595-b2690492d573',
    },
  },
  {
    title: 'Register a consumer of a container',
    request: 'POST /v1/containers/551a0a5f-a4e3-43bf-b595-b2690492d573/consumers',
    body: { name: 'octavia', URL: 'https://lb.example.org/listeners/7' },
    status: 200,
    answerHeaders: {
      Location:
        'http://127.0.0.1:9311/v1/containers/551a0a5f-a4e3-43bf-b595-b2690492d573/consumers',
    },
    answer: {
      created: '2026-01-02T03:04:05.000007',
      updated: '2026-01-02T03:04:05.000008',
      status: 'ACTIVE',
      name: 'tls',
      type: 'generic',
      creator_id: '7f0b6d6f8f5b4c6b9f7a3d1c5e2a4b60',
      secret_refs: [],
      consumers: [{ name: 'octavia', URL: 'https://lb.example.org/listeners/7' }],
      container_ref: 'http://127.0.0.1:9311/v1/containers/551a0a5f-a4e3-43bf-b595-b2690492d573',
    },
  },
  {
    title: 'A consumer without a URL is refused',
    request: 'POST /v1/containers/551a0a5f-a4e3-43bf-b595-b2690492d573/consumers',
    body: { name: 'octavia' },
    status: 400,
    answer: {
      code: 400,
      title: 'Bad Request',
      description: 'Property URL is not valid: a string is wanted.',
    },
  },
  {
    title: 'List the consumers of a container',
    request: 'GET /v1/containers/551a0a5f-a4e3-43bf-b595-b2690492d573/consumers',
    status: 200,
    answer: {
      consumers: [
        {
          created: '2026-01-02T03:04:05.000008',
          updated: '2026-01-02T03:04:05.000008',
          status: 'ACTIVE',
          name: 'octavia',
          URL: 'https://lb.example.org/listeners/7',
        },
      ],
      total: 1,
    },
  },
  {
    title: 'Retrieve one by its id',
    request:
      'GET /v1/containers/551a0a5f-a4e3-43bf-b595-b2690492d573/consumers/3d18ff67-ed0a-49b2-87d9-cca0f69135ee',
    status: 200,
    answer: {
      created: '2026-01-02T03:04:05.000008',
      updated: '2026-01-02T03:04:05.000008',
      status: 'ACTIVE',
      name: 'octavia',
      URL: 'https://lb.example.org/listeners/7',
    },
  },
  {
    title: 'Remove a consumer of a container',
    request: 'DELETE /v1/containers/551a0a5f-a4e3-43bf-b595-b2690492d573/consumers',
    body: { name: 'octavia', URL: 'https://lb.example.org/listeners/7' },
    status: 200,
    answer: {
      created: '2026-01-02T03:04:05.000007',
      updated: '2026-01-02T03:04:05.000008',
      status: 'ACTIVE',
      name: 'tls',
      type: 'generic',
      creator_id: '7f0b6d6f8f5b4c6b9f7a3d1c5e2a4b60',
      secret_refs: [],
      consumers: [],
      container_ref: 'http://127.0.0.1:9311/v1/containers/551a0a5f-a4e3-43bf-b595-b2690492d573',
    },
  },
]
