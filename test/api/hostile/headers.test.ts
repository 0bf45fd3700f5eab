import { describe } from 'node:test'
import { attack, type Case, IDENTITY, request, target } from '../../support/hostileSuite.ts'

const HEADERS = [
  'Accept',
  'Content-Type',
  'Content-Encoding',
  'OpenStack-API-Version',
  'X-Openstack-Request-Id',
  'If-None-Match',
  'Origin',
  'Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
  'X-Forwarded-Prefix',
  'Forwarded',
  'X-Project-Id',
  'X-Roles',
  'Access-Control-Request-Headers',
  'Cookie',
  'Range',
  'TE',
]

const JUNK: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['blanks', '   \t  '],
  ['8000 letters', 'a'.repeat(8_000)],
  ['9000 commas', ','.repeat(9_000)],
  ['3000 semicolons with equals', ';='.repeat(3_000)],
  ['2000 media ranges', '*/*;q=0.1,'.repeat(2_000)],
  ['bytes beyond ASCII', '\xff\xfe\x80\xe9'],
  ['an open quote', '"abc'],
  ['nested quotes', '"\\"\\\\"\\"'],
  ['percent escapes', '%00%0d%0aX-Evil:%201'],
  ['a prototype', '__proto__'],
  ['a constructor', 'constructor/prototype;q=__proto__'],
  ['a path', '../../../../etc/passwd'],
  ['an expression', '%{jndi:ldap://evil/x}{{7*7}}#{7*7}'],
  ['markup', "<script>alert('x')</script>"],
  ['SQL', "' or 1=1; drop table secrets; --"],
  ['numbers', '1e999, -1, NaN, 0x10, 9999999999999999999999'],
  ['quality nonsense', '*/*;q=1e999, text/plain;q=-1, application/json;q=NaN;q=0;q=1'],
]

describe('hostile heads', () => {
  const at = target()

  describe('hostile headers', () => {
    attack(
      at,
      HEADERS.flatMap((header) =>
        JUNK.map(([what, value]): Case => {
          const path = `/v1/secrets/{id}${header === 'Accept' ? '/payload' : ''}`
          const host = `GET ${path} HTTP/1.1\r\nHost: ${value}\r\nConnection: close\r\n${IDENTITY}\r\n`
          return {
            name: `${header} of ${what}`,
            bytes: header === 'Host' ? host : request(`GET ${path}`, `${header}: ${value}\r\n`),
          }
        }),
      ),
    )
  })

  describe('requests that are none', () => {
    {
      const raw = (name: string, bytes: string | Buffer, ...statuses: number[]): Case => ({
        name,
        bytes,
        ...(statuses.length === 0 ? {} : { statuses }),
        how: { hangUp: true },
      })
      const head = `Host: localhost\r\nConnection: close\r\n${IDENTITY}`
      attack(at, [
        raw('nothing at all', ''),
        raw('a lone CRLF', '\r\n'),
        raw('NULs', Buffer.alloc(2_000), 400),
        raw('a TLS hello', Buffer.from('16030100c8010000c40303', 'hex'), 400),
        raw('an SSH greeting', 'SSH-2.0-OpenSSH_9.2\r\n', 400),
        raw(
          'random bytes',
          Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 7919) % 256)),
          400,
        ),
        raw('a method alone', 'GET', 400),
        raw('no version', `GET /\r\n${head}\r\n`, 300, 400),
        raw('HTTP/0.9', 'GET /\n', 400),
        raw('HTTP/9.9', `GET / HTTP/9.9\r\n${head}\r\n`, 400),
        raw('HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n', 300),
        raw('HTTP/1.1 without Host', `GET / HTTP/1.1\r\n${IDENTITY}\r\n`, 400),
        raw('two Hosts', `GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n`),
        raw('an unknown method', `BREW / HTTP/1.1\r\n${head}\r\n`, 400),
        raw('a method in lower case', `get / HTTP/1.1\r\n${head}\r\n`, 400),
        raw('a very long method', `${'G'.repeat(5_000)} / HTTP/1.1\r\n${head}\r\n`, 400),
        raw('CONNECT', `CONNECT evil:443 HTTP/1.1\r\n${head}\r\n`),
        raw('two blanks in the request line', `GET  /  HTTP/1.1\r\n${head}\r\n`),
        raw('a tab for a blank', `GET\t/ HTTP/1.1\r\n${head}\r\n`, 400),
        raw('a header without colon', `GET / HTTP/1.1\r\n${head}nonsense\r\n\r\n`, 400),
        raw('a header without name', `GET / HTTP/1.1\r\n${head}: x\r\n\r\n`, 400),
        raw('a blank before the colon', `GET / HTTP/1.1\r\n${head}Accept : x\r\n\r\n`, 400),
        raw('a NUL in a header', `GET / HTTP/1.1\r\n${head}Accept: a\0b\r\n\r\n`, 400),
        raw('a bare CR in a header', `GET / HTTP/1.1\r\n${head}Accept: a\rb\r\n\r\n`, 400),
        raw('a bare LF in a header', `GET / HTTP/1.1\r\n${head}Accept: a\nX-Evil: b\r\n\r\n`),
        raw('a folded header', `GET / HTTP/1.1\r\n${head}Accept: a,\r\n b\r\n\r\n`),
        raw(
          'a header of 40 KB',
          `GET / HTTP/1.1\r\n${head}Cookie: ${'c'.repeat(40_000)}\r\n\r\n`,
          431,
        ),
        raw('a path of 40 KB', `GET /v1/${'p'.repeat(40_000)} HTTP/1.1\r\n${head}\r\n`, 431),
        raw('a path of 20 KB', `GET /v1/${'p'.repeat(20_000)} HTTP/1.1\r\n${head}\r\n`, 404),
        raw('900 headers', `GET / HTTP/1.1\r\n${head}${'X-A: b\r\n'.repeat(900)}\r\n`, 300),
        raw('5000 headers', `GET / HTTP/1.1\r\n${head}${'X-A: b\r\n'.repeat(5_000)}\r\n`, 431),
        raw(
          '100 Accept headers',
          `GET / HTTP/1.1\r\n${head}${'Accept: */*\r\n'.repeat(100)}\r\n`,
          300,
        ),
        {
          // Whoever hangs up before the answer is not waited for, so here nobody does.
          name: 'two project headers',
          bytes: `GET /v1/secrets/{id} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${IDENTITY}X-Project-Id: other\r\n\r\n`,
          statuses: [403],
        },
        raw('a header named __proto__', `GET / HTTP/1.1\r\n${head}__proto__: x\r\n\r\n`, 300),
        raw('half a header', `GET / HTTP/1.1\r\nHost: loc`, 400),
        raw('headers without end', `GET / HTTP/1.1\r\n${head}`, 400),
      ])
    }
  })

  describe('request targets', () => {
    {
      const rows: readonly (readonly [string, ...number[]])[] = [
        ['*', 404],
        ['http://localhost/', 300],
        [`http://localhost/v1/secrets/{id}`, 200],
        [`http://evil.example/v1/secrets/{id}`, 200],
        [`https://user:pw@evil.example:1/v1/secrets/{id}`, 200],
        ['http://', 404, 300],
        ['http:///v1', 404, 200],
        ['http://[::1', 300],
        ['http://[', 300],
        ['http://a:b:c/', 300],
        ['http://a:99999/', 300, 400, 404],
        ['http://\xa0/', 300, 400, 404],
        ['http://%zz/v1', 200, 400, 404],
        ['http://xn--\xfe/', 300, 400, 404],
        ['ftp://localhost/v1', 200, 400, 404],
        ['javascript:alert(1)', 400, 404],
        ['evil.example:443', 400, 404],
        ['mailto:x', 400, 404],
        ['v1/secrets', 400, 404],
        ['?', 400, 404],
        ['?build', 400, 404],
        ['//', 300],
        ['///v1///', 200],
        ['//evil.example/v1/secrets', 404],
        [`/v1/secrets/{id}#fragment`, 200, 404],
        [`/#/v1/secrets/{id}`, 300],
        [`/v1/secrets/{id}?a?b?c`, 200],
        [`/v1/secrets/{id}??`, 200],
        [`/\\v1\\secrets\\{id}`, 404],
        [`\\v1\\secrets`, 400, 404],
        [`/v1/secrets/%2e%2e/secrets/{id}`, 404],
        [`/v1/secrets/../secrets/{id}`, 404],
        [`/v1/./secrets/{id}`, 404],
        [`/v1/secrets/./{id}`, 404],
        [`/v1/orders/../secrets/{id}`, 404],
        [`/v1/secrets/..%2f..%2fetc/passwd`, 404],
        [`/v1/secrets%2f{id}`, 404],
        [`/v1%2fsecrets`, 404],
        [`/v1/secrets/{id}%00`, 404],
        [`/v1/secrets/%00{id}`, 404],
        [`/v1/secrets/{id}%0d%0aX-Evil:%201`, 404],
        [`/v1/secrets/{id}%20`, 404],
        [`/v1/secrets/{id};jsessionid=1`, 404],
        [`/v1/secrets;x=y/{id}`, 404],
        [`/v1/secrets/{id}/payload;x`, 404],
        [`/v1/secrets/{id}/payload%20`, 404],
        [`/v1/secrets/{id}/payload/..`, 404],
        [`/v1/secrets/{id}%2fpayload`, 404],
        [`/v1/secrets/{id}/%70ayload`, 404, 200],
        [`/v1/%73ecrets/{id}`, 404, 200],
        [`/v1/secrets/{id}%2d`, 200, 404],
        [`/v1/secrets/{id}.json`, 404],
        [`/v1/secrets/{ID}`, 404],
        ['/v1/secrets/%', 404],
        ['/v1/secrets/%e', 404],
        ['/v1/secrets/%zz', 404],
        ['/v1/secrets/%c0%ae%c0%ae', 404],
        ['/v1/secrets/%c0%af', 404],
        ['/v1/secrets/%ed%a0%80', 404],
        ['/v1/secrets/%f0%9f%94%91', 404],
        ['/v1/secrets/%ef%bb%bf', 404],
        ['/v1/secrets/%u0041', 404],
        ['/v1/secrets/\xe9', 400],
        ['/v1/secrets/\xa0', 400],
        ['/v1/secrets/\xf0\x9f\x94\x91', 400],
        ['/v1/secrets/\xc0\xae\xc0\xae/', 400],
        ['/v1/secrets/__proto__', 404],
        ['/v1/secrets/constructor', 404],
        ['/v1/orders/__proto__', 404],
        ['/v1/orders/constructor', 404],
        ['/v1/orders/%00', 404],
        ['/v1/orders/%ed%a0%80', 404],
        ["/v1/orders/'%20or%201=1", 404],
        [`/v1/secrets/{id}/metadata/__proto__`, 404],
        [`/v1/secrets/{id}/metadata/%00`, 404],
        [`/v1/secrets/{id}/metadata/%ff%fe`, 404],
        [`/v1/secrets/{id}/metadata/${'k'.repeat(10_000)}`, 404],
        ['/v1/containers/__proto__', 404],
        ['/v1/containers/%00/consumers', 404],
        [`/v1/containers/{id}`, 404],
        [`/v1/secrets/{container}`, 404],
        [`/v1/containers/{container}%00`, 404],
        [`/v1/containers/{container}/consumers/%00`, 404],
        [`/v1/containers/{container}/consumers/__proto__`, 404],
        [`/v1/containers/{container}/consumers/{container}`, 404],
        [`/v1/containers/{container}/consumers/${'%41'.repeat(6_000)}`, 404],
        [`/v1/containers/{container}/consumers/..%2f`, 404],
        [`/v1/containers/{container}/secrets`, 405],
        [`/v1/containers/{container}/secrets/{id}`, 404],
        [`/v1/containers/{container}%2fconsumers`, 404],
        [`/v1/containers/../containers/{container}`, 404],
        [`/v1/${'a/'.repeat(10_000)}`, 404],
        [`/v1/secrets/${'/'.repeat(10_000)}`, 200],
        ['/'.repeat(20_000), 300],
        [`/v1/secrets/${'%41'.repeat(6_000)}`, 404],
        ['/healthcheck/../v1/secrets', 404],
        ['/healthcheck%2f', 404],
        ['/healthcheck?x=%zz', 200],
      ]
      attack(
        at,
        rows.map(([path, ...statuses]) => ({
          name: `GET ${path.length > 80 ? `${path.slice(0, 40)}... (${path.length})` : path}`,
          bytes: request(`GET ${path}`),
          statuses,
        })),
      )
    }
  })
})
