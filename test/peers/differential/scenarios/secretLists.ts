import type { Scenario } from '../scenario.ts'
import type { Twins } from '../twins.ts'
import { person } from './people.ts'

/** Follows `next` to the end, and `previous` back. */
export const walk = async (twins: Twins, start: string): Promise<void> => {
  let path: string | undefined = start
  let last = start
  for (let page = 0; path !== undefined && page < 12; page++) {
    const { json } = await twins.ask(`GET ${path}`)
    last = path
    path = pathOf(twins, json['next'])
  }
  const { json } = await twins.ask(`GET ${last}`)
  const previous = pathOf(twins, json['previous'])
  if (previous !== undefined) await twins.ask(`GET ${previous}`)
}

const pathOf = (twins: Twins, link: unknown): string | undefined =>
  typeof link === 'string' && link.startsWith(twins.base)
    ? link.slice(twins.base.length)
    : undefined

/** Every spelling of limit and offset a list may meet. */
export const PAGINGS = [
  '',
  '?',
  '?limit=3',
  '?limit=3&offset=2',
  '?limit=0',
  '?limit=-5',
  '?limit=',
  '?limit=x',
  '?limit=1.5',
  '?limit=101',
  '?limit=1000000',
  '?limit=%203%20',
  '?limit=%2B3',
  '?limit=3_0',
  '?limit=99999999999999999999',
  '?offset=0',
  '?offset=-1',
  '?offset=',
  '?offset=x',
  '?offset=1000',
  '?offset=1.5',
  '?offset=9223372036854775807',
  '?offset=9223372036854775808',
  '?limit=2&offset=1',
  '?limit=1&offset=3',
  '?x=y',
  '?limit=2&x=y',
  '?&&=&',
  '?=',
  '?limit',
  '?inst=x',
  '?external_project_id=x',
  '?project_id=x',
  '?limit=2&limit=3',
  '?offset=1&offset=2',
]

const FILTERS = [
  'name=apple',
  'name=APPLE',
  'name=app%25',
  'name=%25',
  'name=_pple',
  'name=%25p%25',
  'name=',
  'name=missing',
  'name=a%2525b',
  'name=two+words',
  'name=two%20words',
  'name=two%2Bwords',
  'name=%C3%A9%20t%20%C3%A9',
  'name=%00',
  'name=%ff',
  'name=%',
  'name=%zz',
  'name[]=apple',
  'name=5',
  'alg=aes',
  'alg=AES',
  'alg=a%25',
  'alg=',
  'alg=none',
  'mode=cbc',
  'mode=CBC',
  'mode=',
  'mode=_bc',
  'bits=128',
  'bits=256',
  'bits=0',
  'bits=-1',
  'bits=x',
  'bits=',
  'bits=128.0',
  'bits=99999999999999999999',
  'bits=%20128',
  'secret_type=opaque',
  'secret_type=OPAQUE',
  'secret_type=symmetric',
  'secret_type=',
  'secret_type=nothing',
  'acl_only=true',
  'acl_only=TRUE',
  'acl_only=false',
  'acl_only=1',
  'acl_only=',
  'status=ACTIVE',
  'creator_id=x',
  'name=apple&alg=aes',
  'name=apple&alg=des',
  'alg=aes&bits=256&mode=cbc',
  'limit=2&name=%25p%25',
  'limit=1&offset=1&alg=aes&name=app%25',
  'name=%25&limit=2&sort=name',
  'marker=x',
  'expiration=gt:2000-01-01',
  'expiration=lt:2056-01-01',
  'expiration=gte:2055-01-01',
  'expiration=2055-01-01',
  'expiration=gt:2055-01-01',
  'expiration=gte:2055-01-01,lte:2055-12-31',
  'expiration=2055-01-01T00:00:00Z',
  'expiration=gt:2055-01-01T00:00:00Z',
  'expiration=',
  'expiration=gt:',
  'expiration=nonsense',
  // In UTC nobody has expired by then; by the clock on the wall, two have.
  'expiration=lt:2055-01-01T02:00:00%2B05:00',
  'expiration=gt:nonsense',
  'expiration=gt:2000-01-01,gt:2001-01-01',
  'expiration=lt:2060-01-01,lte:2061-01-01',
  'expiration=2055-01-01,gt:2000-01-01',
  'expiration=2055-01-01,gte:2000-01-01',
  'expiration=gte:2000-01-01,2055-01-01',
  'expiration=2055-01-01,2055-01-01',
  'expiration=ge:2000-01-01',
  'expiration=GT:2000-01-01',
  'expiration=gt:2000-01-01,',
  'expiration=,',
  'expiration=gt:gt:2000-01-01',
  'expiration=eq:2000-01-01',
  'created=gt:2000-01-01',
  'created=lt:2000-01-01',
  'created=gt:2000-01-01,lt:2100-01-01',
  'created=gte:2000-01-01T00:00:00.123456',
  'created=gt:20000101',
  'created=gt:2000-01-01T00:00:00%2B05:00',
  'created=gt:2000-01-01T00:00:00-05:00',
  'created=gt:2000-01',
  'created=gt:2000',
  'created=gt:2000-01-01T25:00:00',
  'created=gt:2000-01-01%2000:00:00',
  'created=gt:9999-12-31T23:59:59',
  'created=gt:0001-01-01',
  'created=gt:%202000-01-01',
  'created=lt:0000-01-01',
  'updated=gt:2000-01-01',
  'updated=lte:2000-01-01',
  'updated=x',
  'sort=name',
  'sort=name:asc',
  'sort=name:desc',
  'sort=NAME',
  'sort=name:DESC',
  'sort=name:up',
  'sort=',
  'sort=,',
  'sort=name,',
  'sort=name:',
  'sort=:desc',
  'sort=name:asc:desc',
  'sort=nothing',
  'sort=id',
  'sort=project_id',
  'sort=algorithm,name',
  'sort=mode:desc,name',
  'sort=bit_length,name',
  'sort=bit_length:desc,name:desc',
  'sort=created',
  'sort=created:desc',
  'sort=updated:desc',
  'sort=expiration,name',
  'sort=expiration:desc,name',
  'sort=secret_type,name',
  'sort=status,name',
  'sort=name,name',
  'sort=name:asc,name:desc',
  'sort=%20name',
  'sort=name%20',
  'sort=created,name:desc,bit_length',
  'sort=name&limit=2',
  'sort=name:desc&limit=2&offset=2&alg=a%25',
  'name=a&name=b',
  'sort=name&sort=mode',
]

const SECRETS = [
  { name: 'apple', algorithm: 'aes', bit_length: 256, mode: 'cbc' },
  {
    name: 'avocado',
    algorithm: 'camellia',
    bit_length: 128,
    mode: 'cfb',
    secret_type: 'symmetric',
  },
  { name: 'applet', algorithm: 'des', expiration: '2055-01-01' },
  { name: 'two words', expiration: '2055-06-01T12:00:00', mode: 'ctr' },
  { name: 'é t é', secret_type: 'passphrase', payload: 'x', payload_content_type: 'text/plain' },
  { name: 'a%b', algorithm: 'hmacsha256', bit_length: 512 },
  { name: null },
  { name: '', algorithm: '', mode: '' },
  { name: 'snake_case', expiration: '2060-01-01', bit_length: 128 },
  { name: 'zebra', secret_type: 'certificate', algorithm: 'rsa', bit_length: 2048 },
  { name: 'aubergine', secret_type: 'private', algorithm: 'rsa', bit_length: 4096 },
  { name: '5', mode: 'gcm', expiration: '2055-01-01' },
]

/** Filters, orders and pages of one project, alone and together. */
export const secretLists: Scenario = {
  name: 'secrets: lists',
  async run(twins, random) {
    twins.enter(this.name, person('lists', 'carol', 'creator'))
    await twins.ask('GET /v1/secrets')
    await twins.ask('GET /v1/secrets?offset=5')
    for (const json of SECRETS) await twins.make('POST /v1/secrets', { json })
    for (const paging of PAGINGS) await twins.ask(`GET /v1/secrets${paging}`)
    for (const filter of FILTERS) await twins.ask(`GET /v1/secrets?${filter}`)
    for (const version of ['1.0', '1.1'])
      await twins.ask('GET /v1/secrets?limit=3', {
        headers: { 'OpenStack-API-Version': `key-manager ${version}` },
      })
    await walk(twins, '/v1/secrets?limit=5')
    await walk(twins, '/v1/secrets?limit=2&sort=name:desc,created&alg=%25')
    await walk(twins, '/v1/secrets?limit=4&name=%25p%25&unknown=a%20b%26c')
    const together = FILTERS.filter(
      (filter) =>
        !/%(00|ff|zz|$)|02:00:00|0000|9223|name=.&name|sort=.*&sort|acl_only|%2B05|-05:00|lt:2100|%$/.test(
          filter,
        ),
    )
    for (let round = 0; round < 50; round++) {
      const parts = Array.from({ length: random.whole(2, 3) }, () => random.pick(together))
      const keys = parts.flatMap((part) => part.split('&').map((one) => one.split('=')[0]))
      if (new Set(keys).size === keys.length) await twins.ask(`GET /v1/secrets?${parts.join('&')}`)
    }
  },
}
