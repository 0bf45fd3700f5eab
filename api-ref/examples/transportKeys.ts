import type { Example } from '../writer/example.ts'

export const transportKeyExamples: readonly Example[] = [
  {
    title: 'Add a key',
    request: 'POST /v1/transport_keys',
    by: 'serviceAdmin',
    body: {
      plugin_name: 'barbican.plugin.dogtag.DogtagKRAPlugin',
      transport_key: '-----BEGIN CERTIFICATE-----\nMIIB',
    },
    status: 201,
    answerHeaders: {
      Location: 'http://127.0.0.1:9311/v1/transport_keys/f030a34a-f693-4f24-b012-8ab74c934c56',
    },
    answer: {
      transport_key_ref:
        'http://127.0.0.1:9311/v1/transport_keys/f030a34a-f693-4f24-b012-8ab74c934c56',
    },
  },
  {
    title: 'A key without a plugin is refused',
    request: 'POST /v1/transport_keys',
    by: 'serviceAdmin',
    body: { transport_key: 'MIIB' },
    status: 400,
    answer: {
      code: 400,
      title: 'Bad Request',
      description: 'Property plugin_name is not valid: a string is wanted.',
    },
  },
  {
    title: 'List them',
    request: 'GET /v1/transport_keys',
    by: 'serviceAdmin',
    status: 200,
    answer: {
      transport_keys: [
        'http://127.0.0.1:9311/v1/transport_keys/f030a34a-f693-4f24-b012-8ab74c934c56',
      ],
      total: 1,
    },
  },
  {
    title: 'Retrieve a key',
    request: 'GET /v1/transport_keys/f030a34a-f693-4f24-b012-8ab74c934c56',
    by: 'serviceAdmin',
    status: 200,
    answer: {
      updated_at: '2026-01-02 03:04:05.000004',
      id: 'f030a34a-f693-4f24-b012-8ab74c934c56',
      deleted_at: null,
      status: 'ACTIVE',
      transport_key: '-----BEGIN CERTIFICATE-----\nMIIB',
      deleted: false,
      created_at: '2026-01-02 03:04:05.000004',
      plugin_name: 'barbican.plugin.dogtag.DogtagKRAPlugin',
    },
  },
  {
    title: 'Delete a key',
    request: 'DELETE /v1/transport_keys/f030a34a-f693-4f24-b012-8ab74c934c56',
    by: 'serviceAdmin',
    status: 204,
  },
  {
    title: 'It is gone',
    request: 'GET /v1/transport_keys/f030a34a-f693-4f24-b012-8ab74c934c56',
    by: 'serviceAdmin',
    status: 404,
    answer: {
      code: 404,
      title: 'Not Found',
      description: 'Transport key f030a34a-f693-4f24-b012-8ab74c934c56 not found.',
    },
  },
]
