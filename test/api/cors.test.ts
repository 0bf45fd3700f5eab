import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'

const ORIGIN = 'https://dashboard.example'
const PREFLIGHT = {
  origin: ORIGIN,
  'access-control-request-method': 'PUT',
  'access-control-request-headers': 'X-Auth-Token, content-type',
}

describe('OPTIONS and the healthcheck without CORS', () => {
  let door: Door
  before(async () => {
    door = await openDoor()
  })
  after(() => door.close())

  for (const path of ['/', '/v1', '/v1/secrets', '/v1/secrets/x/payload', '/nothing']) {
    test(`OPTIONS ${path} is an empty 200 without a token`, async () => {
      for (const headers of [{}, PREFLIGHT]) {
        const answer = await door.nobody.ask('OPTIONS', path, { headers })
        assert.equal(answer.status, 200)
        assert.equal(answer.bytes.length, 0)
        assert.equal(answer.headers['content-length'], '0')
        assert.deepEqual(corsHeaders(answer.headers), {})
      }
    })
  }

  test('an origin gets no CORS headers while none is allowed', async () => {
    const answer = await door.nobody.get('/', { origin: ORIGIN })
    assert.deepEqual(corsHeaders(answer.headers), {})
    assert.equal(answer.headers['vary'], 'OpenStack-API-Version')
  })

  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
    test(`${method} /healthcheck is 200 OK as text (Q64)`, async () => {
      const answer = await door.nobody.ask(method, '/healthcheck')
      assert.equal(answer.status, 200)
      assert.equal(answer.text, 'OK')
      assert.match(answer.headers['content-type'] ?? '', /^text\/plain/)
    })
  }

  test('HEAD /healthcheck is 204', async () => {
    assert.equal((await door.nobody.ask('HEAD', '/healthcheck')).status, 204)
  })

  test('the healthcheck speaks JSON and HTML to those who ask', async () => {
    const json = await door.nobody.get('/healthcheck', { accept: 'application/json' })
    assert.deepEqual(json.json, { detailed: false, reasons: ['OK'] })
    assert.match(json.text, /^\{\n/)
    const html = await door.nobody.get('/healthcheck', { accept: 'text/html' })
    assert.match(html.headers['content-type'] ?? '', /^text\/html/)
    assert.match(html.text, /OK/)
  })

  test('with the file there, the healthcheck is 503 in every form, and the API still serves', async () => {
    door.mood.isDisabled = true
    try {
      const health = (method: string, accept: string) =>
        door.nobody.ask(method, '/healthcheck', { headers: { accept }, mayFail: true })
      const text = await health('GET', 'text/plain')
      assert.equal(text.status, 503)
      assert.equal(text.text, 'DISABLED BY FILE')
      const json = await health('GET', 'application/json')
      assert.deepEqual(json.json, { detailed: false, reasons: ['DISABLED BY FILE'] })
      assert.equal((await health('HEAD', '*/*')).status, 503)
      assert.equal((await door.nobody.get('/')).status, 300)
    } finally {
      door.mood.isDisabled = false
    }
  })

  test('a node that could not do its work says so where it is to, and serves what it can', async () => {
    door.mood.isReady = false
    try {
      const answer = await door.nobody.ask('GET', '/healthcheck', { mayFail: true })
      assert.deepEqual([answer.status, answer.text], [503, 'NOT READY'])
      assert.equal((await door.nobody.get('/')).status, 300)
    } finally {
      door.mood.isReady = true
    }
  })
})

describe('CORS with an allowed origin', () => {
  let door: Door
  let caller: Caller
  before(async () => {
    door = await openDoor({
      cors: {
        allowedOrigins: [ORIGIN, 'https://second.example'],
        exposeHeaders: ['X-Auth-Token', 'X-Openstack-Request-Id'],
        allowHeaders: ['X-Auth-Token', 'X-Openstack-Request-Id'],
      },
    })
    caller = door.as({ project: 'cors', user: 'u', roles: ['creator'] })
  })
  after(() => door.close())

  test('a preflight is answered with what it asked for', async () => {
    const answer = await door.nobody.ask('OPTIONS', '/v1/secrets', { headers: PREFLIGHT })
    assert.equal(answer.status, 200)
    assert.deepEqual(corsHeaders(answer.headers), {
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '3600',
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'X-Auth-Token,content-type',
    })
    assert.equal(answer.headers['vary'], 'Origin')
  })

  for (const [what, headers] of [
    ['from an unknown origin', { ...PREFLIGHT, origin: 'https://evil.example' }],
    ['from an origin that only begins alike', { ...PREFLIGHT, origin: `${ORIGIN}.evil.example` }],
    [
      'for a method that is not allowed',
      { ...PREFLIGHT, 'access-control-request-method': 'TRACE' },
    ],
    [
      'for a header that is not allowed',
      { ...PREFLIGHT, 'access-control-request-headers': 'x-project-id' },
    ],
    ['without a method', { origin: ORIGIN }],
  ] as const) {
    test(`a preflight ${what} is 200 without CORS headers`, async () => {
      const answer = await door.nobody.ask('OPTIONS', '/v1/secrets', { headers })
      assert.equal(answer.status, 200)
      assert.deepEqual(corsHeaders(answer.headers), {})
    })
  }

  test('a plain request, refused or not, may be read by the allowed origin', async () => {
    const answers = [
      await caller.get('/v1/secrets', { origin: ORIGIN }),
      await caller.get('/v1/secrets/x', { origin: ORIGIN }),
      await door.nobody.get('/v1/secrets', { origin: ORIGIN }),
    ]
    for (const { headers } of answers) {
      assert.equal(headers['access-control-allow-origin'], ORIGIN)
      assert.equal(headers['access-control-expose-headers'], 'X-Auth-Token,X-Openstack-Request-Id')
    }
    assert.equal(answers[0]?.headers['vary'], 'OpenStack-API-Version, Origin')
  })

  test('a plain request of an unknown origin is served without CORS headers', async () => {
    const answer = await caller.get('/v1/secrets', { origin: 'https://evil.example' })
    assert.equal(answer.status, 200)
    assert.deepEqual(corsHeaders(answer.headers), {})
  })
})

function corsHeaders(headers: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith('access-control-')),
  )
}
