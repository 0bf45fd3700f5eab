import type { Example } from '../writer/example.ts'

export const discoveryExamples: readonly Example[] = [
  {
    title: 'The versions, as current clients ask for them',
    request: 'GET /',
    by: 'nobody',
    headers: { 'OpenStack-API-Version': 'key-manager 1.1' },
    status: 300,
    answer: {
      versions: [
        {
          id: 'v1',
          status: 'CURRENT',
          min_version: '1.0',
          max_version: '1.2',
          links: [
            { rel: 'self', href: 'http://127.0.0.1:9311/v1/' },
            { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
          ],
        },
      ],
    },
  },
  {
    title: 'The versions, as old clients ask for them',
    request: 'GET /',
    by: 'nobody',
    status: 300,
    answer: {
      versions: {
        values: [
          {
            id: 'v1',
            status: 'stable',
            'media-types': [
              { base: 'application/json', type: 'application/vnd.openstack.key-manager-v1+json' },
            ],
            links: [
              { rel: 'self', href: 'http://127.0.0.1:9311/v1/' },
              { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
            ],
          },
        ],
      },
    },
  },
  {
    title: 'Where json-home would be',
    request: 'GET /',
    by: 'nobody',
    headers: { Accept: 'application/json-home' },
    status: 302,
    answerHeaders: { Location: 'http://127.0.0.1:9311/v1/' },
  },
  {
    title: 'Which release it is',
    request: 'GET /?build',
    by: 'nobody',
    status: 200,
    answer: { build: '0.1.0' },
  },
  {
    title: 'HTML is not to be had',
    request: 'GET /',
    by: 'nobody',
    headers: { Accept: 'text/html' },
    status: 406,
    answer: {
      code: 406,
      title: 'Not Acceptable',
      description: 'This answer is application/json, which Accept excludes.',
    },
  },
  {
    title: 'A version that is none',
    request: 'GET /',
    by: 'nobody',
    headers: { 'OpenStack-API-Version': 'key-manager one' },
    status: 400,
    answer: {
      code: 400,
      title: 'Bad Request',
      description: 'OpenStack-API-Version wants "key-manager X.Y", for example "key-manager 1.2".',
    },
  },
  {
    title: 'This version',
    request: 'GET /v1',
    headers: { 'OpenStack-API-Version': 'key-manager latest' },
    status: 200,
    answer: {
      version: {
        id: 'v1',
        status: 'CURRENT',
        min_version: '1.0',
        max_version: '1.2',
        links: [
          { rel: 'self', href: 'http://127.0.0.1:9311/v1/' },
          { rel: 'describedby', type: 'text/html', href: 'https://docs.openstack.org/' },
        ],
      },
    },
  },
  {
    title: 'No token',
    request: 'GET /v1',
    by: 'nobody',
    status: 401,
    answerHeaders: { 'WWW-Authenticate': 'Keystone uri="http://keystone.example/"' },
    answer: {
      error: { code: 401, title: 'Unauthorized', message: 'A token is wanted.' },
      code: 401,
      title: 'Unauthorized',
      description: 'A token is wanted.',
    },
  },
  {
    title: 'A version that is not served',
    request: 'GET /v1',
    headers: { 'OpenStack-API-Version': 'key-manager 1.9' },
    status: 406,
    answer: {
      code: 406,
      title: 'Not Acceptable',
      description: 'Version 1.9 of key-manager is not served; 1.0 to 1.2 are.',
    },
  },
  {
    title: 'This reference',
    request: 'GET /v1/openapi.json',
    by: 'nobody',
    status: 200,
    answerHeaders: { 'Cache-Control': 'private, max-age=300' },
    answer: { openapi: '3.1.0', servers: [{ url: 'http://127.0.0.1:9311' }] },
    isAbridged: true,
  },
  {
    title: 'Is it well?',
    request: 'GET /healthcheck',
    by: 'nobody',
    status: 200,
    answerHeaders: { 'Content-Type': 'text/plain; charset=UTF-8' },
    answer: 'OK',
  },
]
