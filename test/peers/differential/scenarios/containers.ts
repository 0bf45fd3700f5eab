import type { Scenario } from '../scenario.ts'
import { freshSecrets } from './freshSecrets.ts'
import { person } from './people.ts'
import { PAGINGS, walk } from './secretLists.ts'

const long = (length: number): string => 'x'.repeat(length)
const UNKNOWN = '11111111-2222-4333-8444-555555555555'

/** What may be put together, and what not. */
export const containers: Scenario = {
  name: 'containers: what a new one may hold',
  async run(twins) {
    twins.enter(this.name, person('containers', 'carol', 'creator'))
    const [a = '', b = '', c = ''] = await freshSecrets(twins, 3)
    const elsewhere = `${twins.base}${await twins.make('POST /v1/secrets', { json: {}, by: person('containersElsewhere', 'carol', 'creator') })}`
    const gone = (await freshSecrets(twins, 1))[0] ?? ''
    await twins.ask(`DELETE ${gone.slice(twins.base.length)}`)
    const id = a.slice(-36)
    const member = (name: unknown, secret_ref: unknown): object => ({ name, secret_ref })
    const create = async (json: unknown): Promise<void> => {
      const { made } = await twins.ask('POST /v1/containers', { json })
      if (made !== undefined) await twins.ask(`GET ${made}`)
    }
    for (const type of [
      'generic',
      'rsa',
      'certificate',
      'dsa',
      'Generic',
      '',
      null,
      5,
      undefined,
      ' generic ',
    ])
      await create({ type })
    for (const name of [
      'plain',
      '',
      ' padded ',
      null,
      5,
      [],
      'é'.repeat(255),
      long(256),
      undefined,
    ])
      await create({ type: 'generic', name })
    for (const secret_refs of [
      [],
      null,
      {},
      'x',
      [null],
      ['x'],
      [5],
      [{}],
      [{ name: 'a' }],
      [member('a', '')],
      [member('a', null)],
      [member('a', 5)],
      [member(null, a)],
      [member(5, a)],
      [member('', a)],
      [{ secret_ref: a }],
      [member(long(255), a)],
      [member(long(256), a)],
      [member('a', a), member('b', b)],
      [member('a', a), member('a', b)],
      [member('a', a), member('A', b)],
      [{ secret_ref: a }, { secret_ref: b }],
      [{ secret_ref: a }, member('', b)],
      [member(null, a), member(null, b)],
      [member(null, a), member('', b)],
      [member('a', a), member('b', a)],
      [member('a', `${a}/`)],
      [member('a', `${a}//`)],
      [member('a', a), member('b', `${a}/`)],
      [member('a', ` ${a} `)],
      [member('a', `${a}/payload`)],
      [member('a', id)],
      [member('a', `/v1/secrets/${id}`)],
      [member('a', `http://elsewhere/v1/secrets/${id}`)],
      [member('a', `${twins.base}/anything/${id}`)],
      [member('a', `${twins.base}evil/${id}`)],
      [member('a', `${twins.base}/${id}`)],
      [member('a', a.toUpperCase())],
      [member('a', `${twins.base}/v1/secrets/${UNKNOWN}`)],
      [member('a', `${twins.base}/v1/secrets/nonsense`)],
      [member('a', elsewhere)],
      [member('a', gone)],
      [member('a', a.replace('http:', 'https:'))],
      [{ name: 'a', secret_ref: a, more: 1 }],
      [member('a', a), member('b', b), member('c', c)],
      [member(' a ', a), member('a', b)],
      [member('a', `${a}?x=y`)],
      [member('a', `${a}#x`)],
    ])
      await create({ type: 'generic', secret_refs })
    for (const [type, names] of [
      ['rsa', ['public_key', 'private_key']],
      ['rsa', ['public_key', 'private_key', 'private_key_passphrase']],
      ['rsa', ['public_key']],
      ['rsa', ['private_key']],
      ['rsa', ['public_key', 'private_key', 'other']],
      ['rsa', ['Public_key', 'private_key']],
      ['rsa', ['public_key', null]],
      ['rsa', ['public_key', 'private_key', null]],
      ['rsa', ['']],
      ['certificate', ['certificate']],
      ['certificate', ['certificate', 'private_key']],
      ['certificate', ['certificate', 'intermediates', 'private_key_passphrase']],
      ['certificate', ['private_key']],
      ['certificate', ['certificate', 'other']],
      ['certificate', ['certificate', 'public_key']],
      ['certificate', [null]],
    ] as const)
      await create({
        type,
        secret_refs: names.map((name, index) => member(name, [a, b, c][index])),
      })
    for (const json of [
      {},
      null,
      [],
      'x',
      { type: 'generic', more: 1 },
      { type: 'generic', status: 'ERROR', creator_id: 'x', consumers: [{}] },
      { name: 'no type' },
      { type: 'generic', external_project_id: 'x' },
      { type: 'generic', inst: 'x' },
      { type: 'generic', project_id: 'x' },
    ])
      await create(json)
  },
}

export const containerLists: Scenario = {
  name: 'containers: lists and ends',
  async run(twins) {
    const carol = person('containerLists', 'carol', 'creator')
    twins.enter(this.name, carol)
    await twins.ask('GET /v1/containers')
    const [a = '', b = ''] = await freshSecrets(twins, 2)
    const made: string[] = []
    for (const [name, type] of [
      ['apple', 'generic'],
      ['avocado', 'rsa'],
      ['snake_case', 'certificate'],
      ['per%cent', 'generic'],
      [null, 'generic'],
      ['', 'generic'],
      ['é t é', 'generic'],
    ] as const)
      made.push(await twins.make('POST /v1/containers', { json: { name, type } }))
    for (const paging of PAGINGS) await twins.ask(`GET /v1/containers${paging}`)
    for (const filter of [
      'name=apple',
      'name=APPLE',
      'name=a%25',
      'name=_pple',
      'name=',
      'name=missing',
      'name=per%25cent',
      'name=per%2525cent',
      'name=%C3%A9+t+%C3%A9',
      'type=rsa',
      'type=RSA',
      'type=',
      'type=nothing',
      'type=generic&name=a%25',
      'type=generic&limit=2',
      'sort=name',
      'status=ACTIVE',
      'name=%00',
    ])
      await twins.ask(`GET /v1/containers?${filter}`)
    await walk(twins, '/v1/containers?limit=3')
    const whole = await twins.make('POST /v1/containers', {
      json: {
        type: 'certificate',
        name: 'whole',
        secret_refs: [
          { name: 'certificate', secret_ref: a },
          { name: 'private_key', secret_ref: b },
        ],
      },
    })
    await twins.ask(`GET ${whole}`)
    await twins.ask(`DELETE ${b.slice(twins.base.length)}`)
    await twins.ask(`GET ${whole}`)
    await twins.ask(`DELETE ${a.slice(twins.base.length)}`)
    await twins.ask(`GET ${whole}`)
    await twins.ask(`DELETE ${whole}`, { by: person('containerLists', 'carl', 'creator') })
    await twins.ask(`DELETE ${whole}`, { by: person('elsewhere', 'carol', 'admin') })
    await twins.ask(`DELETE ${whole}`, { headers: { Accept: 'text/plain' } })
    for (const below of ['', '/consumers', '/acl', '/secrets'])
      await twins.ask(`GET ${whole}${below}`)
    await twins.ask(`DELETE ${whole}`)
    for (const path of made) await twins.ask(`DELETE ${path}`)
    await twins.ask('GET /v1/containers')
  },
}
