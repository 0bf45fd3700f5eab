import type { Scenario } from '../scenario.ts'
import type { Twins } from '../twins.ts'
import { person } from './people.ts'
import { PAGINGS, walk } from './secretLists.ts'

const long = (length: number): string => 'x'.repeat(length)
const UNKNOWN = '11111111-2222-4333-8444-555555555555'

const secretsOf = async (twins: Twins, count: number): Promise<readonly string[]> => {
  const refs: string[] = []
  for (let index = 0; index < count; index++)
    refs.push(
      `${twins.base}${await twins.make('POST /v1/secrets', { json: { name: `member ${index}` } })}`,
    )
  return refs
}

/** What may be put together, and what not. */
export const containers: Scenario = {
  name: 'containers: what a new one may hold',
  async run(twins) {
    twins.enter(this.name, person('containers', 'carol', 'creator'))
    const [a = '', b = '', c = ''] = await secretsOf(twins, 3)
    const elsewhere = `${twins.base}${await twins.make('POST /v1/secrets', { json: {}, by: person('containersElsewhere', 'carol', 'creator') })}`
    const gone = (await secretsOf(twins, 1))[0] ?? ''
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
    const [a = '', b = ''] = await secretsOf(twins, 2)
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

/** Members that come and go. */
export const containerSecrets: Scenario = {
  name: 'containers: adding and removing members',
  async run(twins, random) {
    twins.enter(this.name, person('containerSecrets', 'carol', 'creator'))
    const [a = '', b = '', c = ''] = await secretsOf(twins, 3)
    const elsewhere = `${twins.base}${await twins.make('POST /v1/secrets', { json: {}, by: person('membersElsewhere', 'carol', 'creator') })}`
    const id = a.slice(-36)
    const generic = await twins.make('POST /v1/containers', {
      json: { type: 'generic', name: 'growing' },
    })
    const both = async (path: string, json: unknown): Promise<void> => {
      const { isShared } = await twins.ask(`POST ${path}/secrets`, { json })
      if (isShared) await twins.ask(`GET ${path}`)
      const { isShared: isGone } = await twins.ask(`DELETE ${path}/secrets`, { json })
      if (isShared && isGone) await twins.ask(`GET ${path}`)
    }
    for (const [index, secret_ref] of [
      a,
      `${a}/`,
      `http://elsewhere/v1/secrets/${id}`,
      `/${id}`,
      id,
      `x/${id}`,
      `${twins.base}/v1/secrets/${UNKNOWN}`,
      elsewhere,
      '',
      ' ',
      null,
      5,
      undefined,
      `${a}?x`,
      'nonsense/',
      a.toUpperCase(),
      ` ${a} `,
    ].entries())
      await both(generic, { name: `ref ${index}`, secret_ref })
    for (const [index, name] of [
      'plain',
      '',
      null,
      5,
      long(255),
      long(256),
      undefined,
      ' padded ',
      'é',
    ].entries())
      await both(generic, { name, secret_ref: index % 2 === 0 ? b : c })
    for (const json of [
      {},
      null,
      [],
      'x',
      { name: 'only' },
      { name: 'more', secret_ref: a, more: 1 },
      { name: 'external', secret_ref: a, external_project_id: 'x' },
    ])
      await both(generic, json)
    const twice = { name: 'twice', secret_ref: a }
    await twins.ask(`POST ${generic}/secrets`, { json: twice })
    await twins.ask(`POST ${generic}/secrets`, { json: twice })
    await twins.ask(`POST ${generic}/secrets`, { json: { ...twice, name: 'Twice' } })
    await twins.ask(`POST ${generic}/secrets`, { json: { ...twice, secret_ref: b } })
    await twins.ask(`GET ${generic}`)
    await twins.ask(`DELETE ${generic}/secrets`, { json: { ...twice, name: 'other' } })
    await twins.ask(`DELETE ${generic}/secrets`, { json: { secret_ref: a } })
    await twins.ask(`DELETE ${generic}/secrets`, { json: twice })
    await twins.ask(`DELETE ${generic}/secrets`, { json: twice })
    await twins.ask(`GET ${generic}`)
    await twins.ask(`POST ${generic}/secrets`, { json: twice })
    await twins.ask(`DELETE ${generic}/secrets`)
    const rsa = await twins.make('POST /v1/containers', {
      json: {
        type: 'rsa',
        secret_refs: [
          { name: 'public_key', secret_ref: a },
          { name: 'private_key', secret_ref: b },
        ],
      },
    })
    await twins.ask(`POST ${rsa}/secrets`, {
      json: { name: 'private_key_passphrase', secret_ref: c },
    })
    await twins.ask(`POST ${rsa}/secrets`, { json: {} })
    await twins.ask(`DELETE ${rsa}/secrets`, { json: { name: 'public_key', secret_ref: a } })
    await twins.ask(`GET ${rsa}`)
    const busy = await twins.make('POST /v1/containers', { json: { type: 'generic' } })
    // Barbican cannot take back what was taken away once, so every name comes and goes a single time.
    const names = Array.from({ length: 25 }, (_, index) => `n${index}`)
    const present: { name: string; secret_ref: string }[] = []
    while (names.length > 0) {
      if (present.length > 0 && random.isOneIn(3)) {
        const [json] = present.splice(random.whole(0, present.length - 1), 1)
        await twins.ask(`DELETE ${busy}/secrets`, { json })
      } else {
        const json = { name: names.pop() ?? '', secret_ref: random.pick([a, b, c]) }
        await twins.ask(`POST ${busy}/secrets`, { json })
        present.push(json)
      }
    }
    await twins.ask(`GET ${busy}`)
  },
}
