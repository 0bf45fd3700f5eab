import type { Example } from '../writer/example.ts'

export const secretStoreExamples: readonly Example[] = [
  {
    title: 'List the stores',
    request: 'GET /v1/secret-stores',
    status: 200,
    answer: {
      secret_stores: [
        {
          created: '2026-01-02T03:04:05.000003',
          updated: '2026-01-02T03:04:05.000003',
          status: 'ACTIVE',
          crypto_plugin: 'simple_crypto',
          global_default: true,
          name: 'Software Only Crypto',
          secret_store_plugin: 'store_crypto',
          secret_store_ref:
            'http://127.0.0.1:9311/v1/secret-stores/29aca3c0-9362-4beb-8d3f-c10aefd3aa39',
        },
        {
          created: '2026-01-02T03:04:05.000003',
          updated: '2026-01-02T03:04:05.000003',
          status: 'ACTIVE',
          crypto_plugin: null,
          global_default: false,
          name: 'Second keyring',
          secret_store_plugin: 'store_crypto',
          secret_store_ref:
            'http://127.0.0.1:9311/v1/secret-stores/14721132-9524-4a83-a3b6-f1abfbfd3f0d',
        },
      ],
    },
  },
  {
    title: 'Retrieve the global default',
    request: 'GET /v1/secret-stores/global-default',
    status: 200,
    answer: {
      created: '2026-01-02T03:04:05.000003',
      updated: '2026-01-02T03:04:05.000003',
      status: 'ACTIVE',
      crypto_plugin: 'simple_crypto',
      global_default: true,
      name: 'Software Only Crypto',
      secret_store_plugin: 'store_crypto',
      secret_store_ref:
        'http://127.0.0.1:9311/v1/secret-stores/29aca3c0-9362-4beb-8d3f-c10aefd3aa39',
    },
  },
  {
    title: 'Nothing is preferred yet',
    request: 'GET /v1/secret-stores/preferred',
    status: 404,
    answer: {
      code: 404,
      title: 'Not Found',
      description: 'This project prefers no secret store: new secrets go to the global default.',
    },
  },
  {
    title: 'Prefer a store',
    request: 'POST /v1/secret-stores/29aca3c0-9362-4beb-8d3f-c10aefd3aa39/preferred',
    by: 'admin',
    status: 204,
  },
  {
    title: 'Retrieve what is preferred',
    request: 'GET /v1/secret-stores/preferred',
    status: 200,
    answer: {
      created: '2026-01-02T03:04:05.000003',
      updated: '2026-01-02T03:04:05.000003',
      status: 'ACTIVE',
      crypto_plugin: 'simple_crypto',
      global_default: true,
      name: 'Software Only Crypto',
      secret_store_plugin: 'store_crypto',
      secret_store_ref:
        'http://127.0.0.1:9311/v1/secret-stores/29aca3c0-9362-4beb-8d3f-c10aefd3aa39',
    },
  },
  {
    title: 'Retrieve a store',
    request: 'GET /v1/secret-stores/29aca3c0-9362-4beb-8d3f-c10aefd3aa39',
    status: 200,
    answer: {
      created: '2026-01-02T03:04:05.000003',
      updated: '2026-01-02T03:04:05.000003',
      status: 'ACTIVE',
      crypto_plugin: 'simple_crypto',
      global_default: true,
      name: 'Software Only Crypto',
      secret_store_plugin: 'store_crypto',
      secret_store_ref:
        'http://127.0.0.1:9311/v1/secret-stores/29aca3c0-9362-4beb-8d3f-c10aefd3aa39',
    },
  },
  {
    title: 'A store that is not there',
    request: 'GET /v1/secret-stores/2f9e6c1a-7b3d-4e58-9a40-c1d2e3f4a5b6',
    status: 404,
    answer: { code: 404, title: 'Not Found', description: 'Secret store not found.' },
  },
  {
    title: 'Prefer none any more',
    request: 'DELETE /v1/secret-stores/29aca3c0-9362-4beb-8d3f-c10aefd3aa39/preferred',
    by: 'admin',
    status: 204,
  },
]
