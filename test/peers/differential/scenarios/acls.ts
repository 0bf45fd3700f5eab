import { crossed, type Scenario } from '../scenario.ts'
import { person } from './people.ts'

const long = (length: number): string => 'x'.repeat(length)

const DOCUMENTS: readonly unknown[] = [
  {},
  { read: {} },
  { read: { users: [] } },
  { read: { users: ['u1'] } },
  { read: { users: ['u1', 'u2', 'u1'] } },
  { read: { users: [''] } },
  { read: { users: [' padded '] } },
  { read: { users: null } },
  { read: { users: 'u1' } },
  { read: { users: [5] } },
  { read: { users: ['ok', 5] } },
  { read: { users: [null] } },
  { read: { users: [long(255)] } },
  { read: { users: [long(256)] } },
  { read: { users: ['ok', long(256)] } },
  { read: { users: ['é'] } },
  { read: { users: [['u']] } },
  { read: { 'project-access': true } },
  { read: { 'project-access': false } },
  { read: { 'project-access': null } },
  { read: { 'project-access': 'false' } },
  { read: { 'project-access': 0 } },
  { read: { users: ['u1'], 'project-access': false } },
  { read: { users: ['u3'] } },
  { read: { 'creator-only': true } },
  { read: { users: ['u1'], more: 1 } },
  { write: { users: ['u1'] } },
  { read: { users: ['u1'] }, write: {} },
  { list: {} },
  { delete: {} },
  { READ: {} },
  { read: null },
  { read: [] },
  { read: 'x' },
  null,
  [],
  'x',
  5,
  { read: { users: ['u1'] }, external_project_id: 'x' },
]

/** The document itself, replaced and changed. */
export const aclDocuments: Scenario = {
  name: 'ACLs: the document',
  async run(twins, random) {
    twins.enter(this.name, person('acls', 'carol', 'creator'))
    const parents = [
      await twins.make('POST /v1/secrets', { json: { name: 'shared' } }),
      await twins.make('POST /v1/containers', { json: { type: 'generic' } }),
    ]
    for (const [parent, json] of crossed(parents, DOCUMENTS)) {
      for (const verb of ['PUT', 'PATCH']) {
        const { isShared } = await twins.ask(`${verb} ${parent}/acl`, { json })
        // Where only one side took it, both begin anew.
        await twins.ask(`${isShared ? 'GET' : 'DELETE'} ${parent}/acl`)
      }
    }
    for (const parent of parents) {
      await twins.ask(`GET ${parent}`)
      await twins.ask(`PUT ${parent}/acl`, { json: { read: { users: ['u'] } } })
      await twins.ask(`GET ${parent}`)
      await twins.ask(`DELETE ${parent}/acl`)
      await twins.ask(`GET ${parent}`)
      await twins.ask(`GET ${parent}/acl`)
      await twins.ask(`DELETE ${parent}/acl`)
      await twins.ask(`PATCH ${parent}/acl`, { json: {} })
      await twins.ask(`GET ${parent}`)
      for (const query of ['?x=y', '?inst=x', '?external_project_id=x'])
        await twins.ask(`GET ${parent}/acl${query}`)
    }
    for (let round = 0; round < 30; round++) {
      const parent = random.pick(parents)
      const read = random.object({
        users: [undefined, [], ['a'], ['b', 'a'], ['c']],
        'project-access': [undefined, true, false],
      })
      await twins.ask(`${random.pick(['PUT', 'PATCH', 'PATCH'])} ${parent}/acl`, {
        json: random.isOneIn(6) ? {} : { read },
      })
      if (random.isOneIn(6)) await twins.ask(`DELETE ${parent}/acl`)
      await twins.ask(`GET ${parent}/acl`)
    }
  },
}

const ROLES = [
  'admin',
  'creator',
  'observer',
  'audit',
  'key-manager:service-admin',
  'service',
  'reader',
  'member',
  'nothing',
]

/** What every role may do to what every ACL leaves open. */
export const roles: Scenario = {
  name: 'policy: who may do what',
  async run(twins) {
    const owner = person('policy', 'carol', 'creator')
    twins.enter(this.name, owner)
    const acls: readonly (object | undefined)[] = [
      undefined,
      { 'project-access': false },
      { users: ['guest'] },
      { 'project-access': false, users: ['guest'] },
    ]
    for (const [index, acl] of acls.entries()) {
      const secret = await twins.make('POST /v1/secrets', {
        json: { name: 'p', payload: 'x', payload_content_type: 'text/plain' },
      })
      const bare = await twins.make('POST /v1/secrets', { json: { name: 'bare' } })
      const container = await twins.make('POST /v1/containers', { json: { type: 'generic' } })
      await twins.ask(`PUT ${secret}/metadata`, { json: { metadata: { k: 'v' } } })
      if (acl !== undefined)
        for (const path of [secret, bare, container])
          await twins.ask(`PUT ${path}/acl`, { json: { read: acl } })
      const lines: readonly (readonly [string, unknown])[] = [
        [`GET ${secret}`, undefined],
        [`GET ${secret}/payload`, undefined],
        [`GET ${secret}/metadata`, undefined],
        [`GET ${secret}/metadata/k`, undefined],
        [`PUT ${secret}/metadata`, { metadata: { k: 'v' } }],
        [`GET ${secret}/acl`, undefined],
        [`GET ${secret}/consumers`, undefined],
        [`GET ${container}`, undefined],
        [`GET ${container}/acl`, undefined],
        [`GET ${container}/consumers`, undefined],
        [`PATCH ${secret}/acl`, {}],
        [`PATCH ${container}/acl`, {}],
        [`POST ${container}/secrets`, {}],
        [`PUT ${secret}/metadata/k`, {}],
        [`POST ${secret}/metadata`, {}],
        [`POST ${secret}/consumers`, {}],
        [`POST ${container}/consumers`, {}],
        [`DELETE ${secret}/consumers`, {}],
        [`DELETE ${container}/consumers`, {}],
        [`DELETE ${container}/secrets`, {}],
      ]
      const callers = [
        ...ROLES.map((role) =>
          person('policy', role === 'creator' ? 'carol' : `some ${role}`, role),
        ),
        person('policy', 'carl', 'creator'),
        person('policy', 'guest', 'observer'),
        person('elsewhere', 'guest', 'observer'),
        person('elsewhere', 'guest', 'nothing'),
        person('elsewhere', 'ann', 'admin'),
        person('policy', 'both', 'observer', 'audit'),
      ]
      // The two in between differ from these in one fact each, which the first twelve requests show.
      const asked = index === 0 || index === 3 ? lines : lines.slice(0, 12)
      for (const [by, [line, json]] of crossed(callers, asked))
        await twins.ask(line, json === undefined ? { by } : { by, json })
      // Deleting and filling last, by those first who are refused.
      for (const by of callers.toReversed()) {
        await twins.ask(`PUT ${bare}`, { by, body: '', headers: { 'Content-Type': 'text/plain' } })
        if (!by.roles?.some((role) => ['admin', 'creator'].includes(role)))
          for (const path of [secret, container]) await twins.ask(`DELETE ${path}`, { by })
      }
      for (const by of [person('elsewhere', 'ann', 'admin'), person('policy', 'carl', 'creator')])
        for (const path of [container, bare]) await twins.ask(`DELETE ${path}`, { by })
    }
    const collections: readonly (readonly [string, unknown])[] = [
      ['GET /v1/secrets', undefined],
      ['POST /v1/secrets', { bit_length: 'wrong' }],
      ['GET /v1/containers', undefined],
      ['POST /v1/containers', {}],
      ['GET /v1/orders', undefined],
      ['POST /v1/orders', {}],
      ['PUT /v1/orders', {}],
      ['GET /v1/quotas', undefined],
      ['GET /v1/project-quotas/nobody', undefined],
      ['PUT /v1/project-quotas/nobody', {}],
      ['DELETE /v1/project-quotas/nobody', undefined],
      ['GET /v1/transport_keys?limit=1&plugin_name=none', undefined],
      ['POST /v1/transport_keys', {}],
      ['GET /v1/secret-stores', undefined],
      ['GET /v1/secret-stores/global-default', undefined],
      ['GET /v1/secret-stores/preferred', undefined],
      ['GET /v1', undefined],
    ]
    const order = await twins.make('POST /v1/orders', {
      json: { type: 'key', meta: { algorithm: 'aes', bit_length: 128 } },
    })
    for (const [role, [line, json]] of crossed(ROLES, collections))
      await twins.ask(
        line,
        json === undefined
          ? { by: person('collections', role, role) }
          : { by: person('collections', role, role), json },
      )
    for (const role of ROLES.toReversed())
      for (const verb of ['GET', 'PUT', 'DELETE'])
        if (verb !== 'DELETE' || role !== 'admin')
          await twins.ask(`${verb} ${order}`, { by: person('policy', role, role) })
    await twins.ask('GET /v1/secrets?acl_only=true&sort=created', {
      by: person('elsewhere', 'guest', 'observer'),
    })
    await twins.ask('GET /v1/secrets?acl_only=true&sort=created:desc&limit=1', {
      by: person('elsewhere', 'guest', 'creator'),
    })
    await twins.ask('GET /v1/secrets?acl_only=TRUE&name=bare&sort=created', {
      by: person('elsewhere', 'guest', 'creator'),
    })
    await twins.ask('GET /v1/secrets?acl_only=true&sort=created', {
      by: { project: 'elsewhere', roles: ['creator'] },
    })
  },
}
