import type { Example } from '../writer/example.ts'

export const containerExamples: readonly Example[] = [
  {
    isSetup: true,
    title: 'Before',
    request: 'POST /v1/secrets',
    body: {
      name: 'certificate',
      secret_type: 'certificate',
      payload: 'MIIB',
      payload_content_type: 'text/plain',
    },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/secrets/3b79b8b6-3ef9-4e50-b2da-3d3e7fe71f01',
    },
    answer: { secret_ref: 'http://127.0.0.1:9311/v1/secrets/3b79b8b6-3ef9-4e50-b2da-3d3e7fe71f01' },
  },
  {
    isSetup: true,
    title: 'Before',
    request: 'POST /v1/secrets',
    body: {
      name: 'private key',
      secret_type: 'private',
      payload: 'MIIC',
      payload_content_type: 'text/plain',
    },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/secrets/53821a85-cdd5-4068-b9b6-3034608c23c5',
    },
    answer: { secret_ref: 'http://127.0.0.1:9311/v1/secrets/53821a85-cdd5-4068-b9b6-3034608c23c5' },
  },
  {
    title: 'Create a container of a certificate',
    request: 'POST /v1/containers',
    body: {
      name: 'tls',
      type: 'certificate',
      secret_refs: [
        {
          name: 'certificate',
          secret_ref: 'http://127.0.0.1:9311/v1/secrets/3b79b8b6-3ef9-4e50-b2da-3d3e7fe71f01',
        },
        {
          name: 'private_key',
          secret_ref: 'http://127.0.0.1:9311/v1/secrets/53821a85-cdd5-4068-b9b6-3034608c23c5',
        },
      ],
    },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/containers/fd3efc4d-41b0-49f3-abbf-afc9553c8e3e',
    },
    answer: {
      container_ref: 'http://127.0.0.1:9311/v1/containers/fd3efc4d-41b0-49f3-abbf-afc9553c8e3e',
    },
  },
  {
    title: 'Create an empty container',
    request: 'POST /v1/containers',
    body: { name: 'bag', type: 'generic' },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/containers/ae8e7618-77bb-4f9e-8611-520f9f6c3396',
    },
    answer: {
      container_ref: 'http://127.0.0.1:9311/v1/containers/ae8e7618-77bb-4f9e-8611-520f9f6c3396',
    },
  },
  {
    title: 'A certificate container wants a certificate',
    request: 'POST /v1/containers',
    body: {
      type: 'certificate',
      secret_refs: [
        {
          name: 'private_key',
          secret_ref: 'http://127.0.0.1:9311/v1/secrets/53821a85-cdd5-4068-b9b6-3034608c23c5',
        },
      ],
    },
    status: 400,
    answer: {
      code: 400,
      title: 'Bad Request',
      description:
        'Property secret_refs is not valid: a container of type certificate wants secrets named certificate, and may have private_key, private_key_passphrase, intermediates.',
    },
  },
  {
    title: 'A secret that is not there',
    request: 'POST /v1/containers',
    body: {
      type: 'generic',
      secret_refs: [
        { secret_ref: 'http://127.0.0.1:9311/v1/secrets/2f9e6c1a-7b3d-4e58-9a40-c1d2e3f4a5b6' },
      ],
    },
    status: 404,
    answer: {
      code: 404,
      title: 'Not Found',
      description: 'A secret_ref names no secret of this project that can be read.',
    },
  },
  {
    title: 'Retrieve a container',
    request: 'GET /v1/containers/fd3efc4d-41b0-49f3-abbf-afc9553c8e3e',
    status: 200,
    answer: {
      created: '2026-01-02T03:04:05.000007',
      updated: '2026-01-02T03:04:05.000007',
      status: 'ACTIVE',
      name: 'tls',
      type: 'certificate',
      creator_id: '7f0b6d6f8f5b4c6b9f7a3d1c5e2a4b60',
      secret_refs: [
        {
          name: 'certificate',
          secret_ref: 'http://127.0.0.1:9311/v1/secrets/3b79b8b6-3ef9-4e50-b2da-3d3e7fe71f01',
        },
        {
          name: 'private_key',
          secret_ref: 'http://127.0.0.1:9311/v1/secrets/53821a85-cdd5-4068-b9b6-3034608c23c5',
        },
      ],
      consumers: [],
      container_ref: 'http://127.0.0.1:9311/v1/containers/fd3efc4d-41b0-49f3-abbf-afc9553c8e3e',
    },
  },
  {
    title: 'List containers of one type',
    request: 'GET /v1/containers?type=generic',
    status: 200,
    answer: {
      containers: [
        {
          created: '2026-01-02T03:04:05.000008',
          updated: '2026-01-02T03:04:05.000008',
          status: 'ACTIVE',
          name: 'bag',
          type: 'generic',
          creator_id: '7f0b6d6f8f5b4c6b9f7a3d1c5e2a4b60',
          secret_refs: [],
          consumers: [],
          container_ref: 'http://127.0.0.1:9311/v1/containers/ae8e7618-77bb-4f9e-8611-520f9f6c3396',
        },
      ],
      total: 1,
    },
  },
  {
    title: 'A marker that is no id',
    request: 'GET /v1/containers?marker=bag',
    status: 400,
    answer: {
      code: 400,
      title: 'Bad Request',
      description:
        'Query parameter marker is not valid: the id or the href of a container is wanted.',
    },
  },
  {
    title: 'Add a secret',
    request: 'POST /v1/containers/ae8e7618-77bb-4f9e-8611-520f9f6c3396/secrets',
    body: {
      name: 'spare',
      secret_ref: 'http://127.0.0.1:9311/v1/secrets/53821a85-cdd5-4068-b9b6-3034608c23c5',
    },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/containers/ae8e7618-77bb-4f9e-8611-520f9f6c3396',
    },
    answer: {
      container_ref: 'http://127.0.0.1:9311/v1/containers/ae8e7618-77bb-4f9e-8611-520f9f6c3396',
    },
  },
  {
    title: 'The same secret under the same name is refused',
    request: 'POST /v1/containers/ae8e7618-77bb-4f9e-8611-520f9f6c3396/secrets',
    body: {
      name: 'spare',
      secret_ref: 'http://127.0.0.1:9311/v1/secrets/53821a85-cdd5-4068-b9b6-3034608c23c5',
    },
    status: 409,
    answer: {
      code: 409,
      title: 'Conflict',
      description:
        'Secret 53821a85-cdd5-4068-b9b6-3034608c23c5 is in the container under this name.',
    },
  },
  {
    title: 'Take a secret out',
    request: 'DELETE /v1/containers/ae8e7618-77bb-4f9e-8611-520f9f6c3396/secrets',
    body: {
      name: 'spare',
      secret_ref: 'http://127.0.0.1:9311/v1/secrets/53821a85-cdd5-4068-b9b6-3034608c23c5',
    },
    status: 204,
  },
  {
    title: 'Delete a container',
    request: 'DELETE /v1/containers/ae8e7618-77bb-4f9e-8611-520f9f6c3396',
    status: 204,
  },
]
