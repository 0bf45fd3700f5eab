import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRedisUrl, redisBeside } from '../../../src/config/redisUrl.ts'
import { loadedFrom, mistakesIn } from './loadedFrom.ts'

const KEYSTONE =
  '[keystone_authtoken]\nauth_url = http://k/v3\nusername = u\npassword = p\nproject_name = service\n'
const CACHE =
  '[token_cache]\nbackend = redis\nurl = rediss://u:hidden@redis.example/2\nsecret_file = /etc/gatehouse/shared\n'

describe('the address of a Redis', () => {
  it('is read with user, password, port and database', () => {
    assert.deepEqual(parseRedisUrl('rediss://gate:p%40ss@[::1]:6380/3'), {
      isTls: true,
      host: '::1',
      port: 6380,
      username: 'gate',
      password: 'p@ss',
      database: 3,
    })
    assert.deepEqual(parseRedisUrl('redis://:only@localhost'), {
      isTls: false,
      host: 'localhost',
      port: 6379,
      username: undefined,
      password: 'only',
      database: 0,
    })
  })

  for (const odd of [
    'http://h/',
    'rediss://',
    'rediss://h/db',
    'rediss://h/1/2',
    'rediss://h/?ssl=1',
    'rediss://u:%zz@h/',
  ]) {
    it(`is none: ${odd}`, () => assert.equal(parseRedisUrl(odd), undefined))
  }
})

describe('[token_cache]', () => {
  it('is off unless somebody wants it, and then complete', (t) => {
    assert.equal(loadedFrom(t, KEYSTONE).settings.token_cache.backend, 'none')
    const { settings } = loadedFrom(t, KEYSTONE + CACHE)
    assert.equal(settings.token_cache.timeout_ms, 100)
  })

  it('takes the secret of session tickets where it has none of its own', (t) => {
    const cache = CACHE.replace(/secret_file.*\n/, '')
    loadedFrom(t, `${KEYSTONE}${cache}[ssl]\nticket_key_file = /etc/gatehouse/tickets\n`)
    assert.match(mistakesIn(t, KEYSTONE + cache).join('\n'), /secret_file is missing.*0600/)
  })

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    [
      'clear text to another machine',
      CACHE.replace('rediss:', 'redis:'),
      /url speaks to redis\.example in clear.*write rediss:/,
    ],
    ['no address', CACHE.replace(/url.*\n/, ''), /url names no Redis.*rediss:\/\/USER/],
    ['an odd address', CACHE.replace('/2\n', '/two\n'), /url names no Redis/],
    ['half a certificate', `${CACHE}certfile = /c.pem\n`, /certfile and keyfile belong together/],
    [
      'a further host that is none',
      `${CACHE}further_hosts = a.example, b.example/1\n`,
      /further_hosts is no list of HOST or HOST:PORT: "b\.example\/1"/,
    ],
    [
      'a further host that would be spoken to in clear',
      `${CACHE.replace('rediss://u:hidden@redis.example', 'redis://u:hidden@localhost')}further_hosts = b.example\n`,
      /further_hosts names another machine/,
    ],
    ['an unknown option', `${CACHE}insecure = true\n`, /insecure/],
  ]
  for (const [name, cache, sentence] of wrong) {
    it(`is refused with a sentence: ${name}`, (t) => {
      const mistakes = mistakesIn(t, KEYSTONE + cache).join('\n')
      assert.match(mistakes, sentence)
      assert.doesNotMatch(mistakes, /hidden/)
    })
  }

  it('goes to further hosts as it goes to the first', () => {
    const first = parseRedisUrl('rediss://u:p@a.example:7000/2')
    assert.ok(first)
    assert.deepEqual(redisBeside(first, 'b.example'), { ...first, host: 'b.example', port: 6379 })
    assert.deepEqual(redisBeside(first, '[::1]:7001'), { ...first, host: '::1', port: 7001 })
    for (const odd of ['', 'b:0:0', 'u@b', 'b/1', 'b?x', 'b c']) {
      assert.equal(redisBeside(first, odd), undefined, odd)
    }
  })

  it('is refused where nothing would be shared', (t) => {
    assert.match(mistakesIn(t, CACHE).join('\n'), /auth_strategy is token: only Keystone's/)
    assert.match(
      mistakesIn(t, `${KEYSTONE}token_cache_time = 0\n${CACHE}`).join('\n'),
      /token_cache_time is 0/,
    )
  })

  it('may be in clear on the same machine', (t) => {
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      loadedFrom(t, KEYSTONE + CACHE.replace('rediss://u:hidden@redis.example', `redis://${host}`))
    }
  })
})
