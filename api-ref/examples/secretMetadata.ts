import type { Example } from '../writer/example.ts'

export const secretMetadataExamples: readonly Example[] = [
  {
    isSetup: true,
    title: 'Before',
    request: 'POST /v1/secrets',
    body: {},
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/secrets/3320efc6-2672-4ed4-ba83-46d3b71b201b',
    },
    answer: { secret_ref: 'http://127.0.0.1:9311/v1/secrets/3320efc6-2672-4ed4-ba83-46d3b71b201b' },
  },
  {
    title: 'Replace all of it',
    request: 'PUT /v1/secrets/3320efc6-2672-4ed4-ba83-46d3b71b201b/metadata',
    body: { metadata: { Rack: 'r12', purpose: 'backup' } },
    status: 201,
    answer: {
      metadata_ref:
        'http://127.0.0.1:9311/v1/secrets/3320efc6-2672-4ed4-ba83-46d3b71b201b/metadata',
    },
  },
  {
    title: 'List it',
    request: 'GET /v1/secrets/3320efc6-2672-4ed4-ba83-46d3b71b201b/metadata',
    status: 200,
    answer: { metadata: { purpose: 'backup', rack: 'r12' } },
  },
  {
    title: 'Add an entry',
    request: 'POST /v1/secrets/3320efc6-2672-4ed4-ba83-46d3b71b201b/metadata',
    body: { key: 'owner', value: 'storage team' },
    status: 201,
    answerHeaders: {
      Location:
        'http://127.0.0.1:9311/v1/secrets/3320efc6-2672-4ed4-ba83-46d3b71b201b/metadata/owner',
    },
    answer: { key: 'owner', value: 'storage team' },
  },
  {
    title: 'An entry that is there is no new one',
    request: 'POST /v1/secrets/3320efc6-2672-4ed4-ba83-46d3b71b201b/metadata',
    body: { key: 'owner', value: 'network team' },
    status: 409,
    answer: {
      code: 409,
      title: 'Conflict',
      description: 'Key owner is there already: PUT replaces its value.',
    },
  },
  {
    title: 'Retrieve an entry',
    request: 'GET /v1/secrets/3320efc6-2672-4ed4-ba83-46d3b71b201b/metadata/owner',
    status: 200,
    answer: { key: 'owner', value: 'storage team' },
  },
  {
    title: 'Keys of a path are taken as they stand',
    request: 'GET /v1/secrets/3320efc6-2672-4ed4-ba83-46d3b71b201b/metadata/Owner',
    status: 404,
    answer: {
      code: 404,
      title: 'Not Found',
      description: 'Key Owner not found in the metadata of this secret.',
    },
  },
  {
    title: 'Replace an entry',
    request: 'PUT /v1/secrets/3320efc6-2672-4ed4-ba83-46d3b71b201b/metadata/owner',
    body: { key: 'owner', value: 'network team' },
    status: 200,
    answer: { key: 'owner', value: 'network team' },
  },
  {
    title: 'The key of the body is another',
    request: 'PUT /v1/secrets/3320efc6-2672-4ed4-ba83-46d3b71b201b/metadata/owner',
    body: { key: 'purpose', value: 'backup' },
    status: 409,
    answer: {
      code: 409,
      title: 'Conflict',
      description: 'The body names key purpose, and the path names another.',
    },
  },
  {
    title: 'Delete an entry',
    request: 'DELETE /v1/secrets/3320efc6-2672-4ed4-ba83-46d3b71b201b/metadata/owner',
    status: 204,
  },
]
