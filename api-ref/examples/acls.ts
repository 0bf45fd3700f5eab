import type { Example } from '../writer/example.ts'

export const aclExamples: readonly Example[] = [
  {
    isSetup: true,
    title: 'Before',
    request: 'POST /v1/secrets',
    body: { name: 'shared' },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/secrets/321a9717-c74c-4320-9ae9-fc17062c34e6',
    },
    answer: { secret_ref: 'http://127.0.0.1:9311/v1/secrets/321a9717-c74c-4320-9ae9-fc17062c34e6' },
  },
  {
    title: 'A secret without an ACL',
    request: 'GET /v1/secrets/321a9717-c74c-4320-9ae9-fc17062c34e6/acl',
    status: 200,
    answer: { read: { 'project-access': true } },
  },
  {
    title: 'Let one user read, and nobody else of the project',
    request: 'PUT /v1/secrets/321a9717-c74c-4320-9ae9-fc17062c34e6/acl',
    body: { read: { users: ['5d7f2c8e1b0a4d93a6c4e9f81b2d3a70'], 'project-access': false } },
    status: 200,
    answer: {
      acl_ref: 'http://127.0.0.1:9311/v1/secrets/321a9717-c74c-4320-9ae9-fc17062c34e6/acl',
    },
  },
  {
    title: 'Retrieve it',
    request: 'GET /v1/secrets/321a9717-c74c-4320-9ae9-fc17062c34e6/acl',
    status: 200,
    answer: {
      read: {
        'project-access': false,
        users: ['5d7f2c8e1b0a4d93a6c4e9f81b2d3a70'],
        created: '2026-01-02T03:04:05.000006',
        updated: '2026-01-02T03:04:05.000006',
      },
    },
  },
  {
    title: 'Let the project in again, users stay',
    request: 'PATCH /v1/secrets/321a9717-c74c-4320-9ae9-fc17062c34e6/acl',
    body: { read: { 'project-access': true } },
    status: 200,
    answer: {
      acl_ref: 'http://127.0.0.1:9311/v1/secrets/321a9717-c74c-4320-9ae9-fc17062c34e6/acl',
    },
  },
  {
    title: 'There is no other operation than read',
    request: 'PUT /v1/secrets/321a9717-c74c-4320-9ae9-fc17062c34e6/acl',
    body: { write: {} },
    status: 400,
    answer: {
      code: 400,
      title: 'Bad Request',
      description: 'The body is not valid: an object of read, and nothing else, is wanted.',
    },
  },
  {
    title: 'Remove it',
    request: 'DELETE /v1/secrets/321a9717-c74c-4320-9ae9-fc17062c34e6/acl',
    status: 200,
    answer: null,
  },
  {
    isSetup: true,
    title: 'Before',
    request: 'POST /v1/containers',
    body: { type: 'generic' },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/containers/a8ae0f93-56a5-42e8-8117-66cc7d276ac6',
    },
    answer: {
      container_ref: 'http://127.0.0.1:9311/v1/containers/a8ae0f93-56a5-42e8-8117-66cc7d276ac6',
    },
  },
  {
    title: 'Let a load balancer read a container',
    request: 'PUT /v1/containers/a8ae0f93-56a5-42e8-8117-66cc7d276ac6/acl',
    body: { read: { users: ['5d7f2c8e1b0a4d93a6c4e9f81b2d3a70'] } },
    status: 200,
    answer: {
      acl_ref: 'http://127.0.0.1:9311/v1/containers/a8ae0f93-56a5-42e8-8117-66cc7d276ac6/acl',
    },
  },
  {
    title: 'Retrieve it',
    request: 'GET /v1/containers/a8ae0f93-56a5-42e8-8117-66cc7d276ac6/acl',
    status: 200,
    answer: {
      read: {
        'project-access': true,
        users: ['5d7f2c8e1b0a4d93a6c4e9f81b2d3a70'],
        created: '2026-01-02T03:04:05.000010',
        updated: '2026-01-02T03:04:05.000010',
      },
    },
  },
  {
    title: 'Make the container private',
    request: 'PATCH /v1/containers/a8ae0f93-56a5-42e8-8117-66cc7d276ac6/acl',
    body: { read: { 'project-access': false } },
    status: 200,
    answer: {
      acl_ref: 'http://127.0.0.1:9311/v1/containers/a8ae0f93-56a5-42e8-8117-66cc7d276ac6/acl',
    },
  },
  {
    title: 'Remove it',
    request: 'DELETE /v1/containers/a8ae0f93-56a5-42e8-8117-66cc7d276ac6/acl',
    status: 200,
    answer: null,
  },
]
