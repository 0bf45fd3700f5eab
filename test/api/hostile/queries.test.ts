import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { attack, type Case, request, target } from '../../support/hostileSuite.ts'

const many = (count: number, of: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => of(index)).join('&')

const TRICKS: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['only ampersands', '&&&&&&'],
  ['only equals', '====='],
  ['a key of nothing', '=value'],
  ['a repeated name', 'name=a&name=b&name=c'],
  ['a repeated limit and offset', 'limit=1&limit=2&offset=1&offset=2'],
  ['arrays in brackets', 'name[]=a&name[0]=b&name[__proto__]=c&limit[]=1'],
  ['a dotted key', 'name.constructor=a'],
  ['a prototype', '__proto__=a&constructor=b&prototype=c&__proto__[limit]=1'],
  ['hasOwnProperty', 'hasOwnProperty=1&toString=2&valueOf=3'],
  ['a broken escape', 'name=%'],
  ['half an escape', 'name=%e'],
  ['no escape at all', 'name=%zz&sort=%zz'],
  ['an escape of unicode', 'name=%u0041'],
  ['overlong UTF-8', 'name=%c0%ae%c0%af'],
  ['a surrogate in UTF-8', 'name=%ed%a0%80&meta=%ed%a0%80'],
  ['bytes that are no UTF-8', 'name=%ff%fe&alg=%80&mode=%c3'],
  ['escapes of escapes', 'name=%2525252525'],
  ['NULs', 'name=%00&alg=a%00b&meta=%00&sort=%00&secret_type=%00'],
  ['CRLF', 'name=%0d%0aX-Evil:%201&limit=%0d%0a1'],
  ['a plus', 'name=+&limit=+1&offset=+1'],
  ['semicolons', 'limit=1;offset=2;name=a'],
  ['huge limits', `limit=${'9'.repeat(400)}&offset=${'9'.repeat(400)}`],
  ['30000 digits', `limit=${'9'.repeat(30_000)}`],
  ['negative numbers', 'limit=-1&offset=-1&bits=-1'],
  ['numbers of other scripts', 'limit=%D9%A1&offset=%EF%BC%91&bits=%D9%A1'],
  ['hex, octal and exponents', 'limit=0x10&offset=0o7&bits=1e3'],
  ['fractions', 'limit=1.5&offset=.5&bits=1.'],
  ['infinities', 'limit=Infinity&offset=-Infinity&bits=NaN'],
  ['limits of integers', 'offset=9223372036854775807&limit=2147483648&bits=2147483648'],
  ['beyond them', 'offset=9223372036854775808&bits=9223372036854775808'],
  ['underscored numbers', 'limit=1_0&offset=1_0'],
  ['5000 keys', many(5_000, (index) => `${index}=`)],
  ['one key 5000 times', many(5_000, () => 'name=')],
  ['a very long key', `${'k'.repeat(30_000)}=v`],
  ['a very long value', `name=${'v'.repeat(30_000)}`],
  ['30000 percent signs', `name=${'%25'.repeat(10_000)}`],
  ['10000 underscores', `name=${'_'.repeat(10_000)}`],
  ['a pattern that backtracks', `name=${'%25a'.repeat(60)}b`],
  ['a pattern that backtracks twice', `name=${'%25_'.repeat(120)}&alg=${'%25_'.repeat(120)}`],
  ['SQL in every filter', "name='or'1'='1&alg=';--&mode=\"&secret_type='&meta=')%20or%20(1=1"],
  ['SQL in sort', 'sort=name;drop%20table%20secrets'],
  ['a sort of 3000 keys', `sort=${'name,'.repeat(3_000)}`],
  ['a sort of colons', `sort=${':'.repeat(3_000)}`],
  [
    'every sort there is',
    'sort=name,algorithm,mode,bit_length,created,updated,expiration,status,secret_type',
  ],
  ['dates of 3000 parts', `created=${'gt:2020-01-01,'.repeat(1_500)}`],
  ['dates of digits', `created=${'9'.repeat(20_000)}`],
  ['dates of colons', `updated=${':'.repeat(10_000)}`],
  [
    'dates at the edges',
    'created=gte:0001-01-01T00:00:00Z&updated=lte:9999-12-31T23:59:59.999999Z',
  ],
  ['dates beyond the edges', 'created=0000-00-00&updated=99999-01-01'],
  ['a date with a long fraction', `created=2020-01-01T00:00:00.${'1'.repeat(10_000)}`],
  ['markers of nonsense', 'marker=../../etc/passwd'],
  ['a marker with a NUL', 'marker=%00'],
  ['a marker and an offset', 'marker={id}&offset=5&limit=1&sort=name:desc'],
  [
    'a marker and every sort',
    'marker={id}&sort=name,algorithm,mode,bit_length,created,updated,expiration',
  ],
  ['acl_only in all spellings', 'acl_only=TRUE&acl_only=%74rue&acl_only=tRuE'],
  ['types of special names', 'type=__proto__&type=constructor'],
  ['a type with a NUL', 'type=%00&name=%00'],
  ['a type of 20000 letters', `type=${'t'.repeat(20_000)}`],
  ['meta of braces', 'meta={{{{[[[['],
  ['meta that is very long', `meta=${'m'.repeat(30_000)}`],
  ['question marks', '??????a=b?c=d'],
  ['a whole URL', 'http://evil.example/?limit=1'],
  ['an open bracket', 'name=[&alg=[a-&mode=(*+'],
  ['emoji', 'name=%F0%9F%94%91&sort=%F0%9F%94%91'],
  ['combining marks', `name=${'%CC%81'.repeat(4_000)}`],
  ['a dotless i and a sharp s', 'name=%C4%B0%C4%B1%C3%9F%E1%BA%9E'],
]

const TARGETS = [
  '/v1/secrets',
  '/v1/orders',
  '/v1/project-quotas',
  '/v1/transport_keys',
  '/v1/containers',
  '/v1/containers/{container}',
  '/v1/containers/{container}/consumers',
  '/v1/containers/{container}/acl',
  '/v1/secrets/{id}/consumers',
  '/v1/secrets/{id}/acl',
  '/v1/secrets/{id}/payload',
  '/',
] as const
/** They look at no filter: no query is wrong. */
const ALWAYS_200 = /\/(payload|consumers|acl)$/

describe('hostile queries', () => {
  const at = target()

  describe('hostile query strings', () => {
    attack(
      at,
      TARGETS.flatMap((path) =>
        TRICKS.map(
          ([what, query]): Case => ({
            name: `${path} with ${what}`,
            bytes: request(`GET ${path}?${query}`),
            statuses: path === '/' ? [300] : ALWAYS_200.test(path) ? [200] : [200, 400],
          }),
        ),
      ),
    )

    test('no pattern keeps the server busy for long', async () => {
      const { owner, wire } = at.get()
      await owner.post('/v1/secrets', { name: 'a'.repeat(255), algorithm: 'a'.repeat(255) })
      const startedAt = performance.now()
      for (const name of ['%25a'.repeat(100), '%25_a'.repeat(80), `${'%25a_'.repeat(80)}`]) {
        const { statuses } = await wire.say(request(`GET /v1/secrets?name=${name}b&alg=${name}b`))
        assert.deepEqual(statuses, [200])
      }
      assert.ok(performance.now() - startedAt < 60_000)
    })
  })

  describe('hostile force parameters', () => {
    const values = ['', '%00', '%ff', '[]', '1'.repeat(10_000), '__proto__', 'true&force=nonsense']
    attack(
      at,
      values.map((value) => ({
        name: `DELETE with force=${value.slice(0, 20)}`,
        bytes: request(
          `DELETE /v1/secrets/{id}?force=${value}`,
          'OpenStack-API-Version: key-manager 1.2\r\n',
        ),
        statuses: [400],
      })),
    )
  })
})
