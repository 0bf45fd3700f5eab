import type { Scenario } from '../scenario.ts'
import { person } from './people.ts'
import { PAGINGS } from './secretLists.ts'

const BODIES: readonly unknown[] = [
  { project_quotas: {} },
  { project_quotas: { secrets: 5 } },
  { project_quotas: { orders: 0 } },
  { project_quotas: { containers: -1 } },
  { project_quotas: { consumers: -7 } },
  { project_quotas: { cas: 3 } },
  { project_quotas: { secrets: 2.0 } },
  { project_quotas: { secrets: 1.5 } },
  { project_quotas: { secrets: '5' } },
  { project_quotas: { secrets: true } },
  { project_quotas: { secrets: null } },
  { project_quotas: { secrets: [] } },
  { project_quotas: { other: 5 } },
  { project_quotas: { secrets: 5, other: 5 } },
  { project_quotas: { secrets: 2_147_483_647 } },
  { project_quotas: { secrets: 2_147_483_648 } },
  { project_quotas: { secrets: 1e30 } },
  { project_quotas: { Secrets: 1 } },
  { project_quotas: null },
  { project_quotas: [] },
  { project_quotas: 'x' },
  { project_quotas: { secrets: 1 }, more: 1 },
  {},
  null,
  [],
  'x',
  { secrets: 5 },
  { project_quotas: { secrets: 1, orders: 2, containers: 3, consumers: 4, cas: 5 } },
  { project_quotas: { secrets: 9 }, external_project_id: 'x' },
]

/** Numbers set, read, listed and taken back. */
export const quotas: Scenario = {
  name: 'quotas: the numbers',
  async run(twins) {
    const admin = person('quotas', 'alice', 'key-manager:service-admin')
    twins.enter(this.name, admin)
    const someone = person('quotasSomeone', 'carol', 'creator')
    await twins.ask('GET /v1/quotas', { by: someone })
    await twins.ask('GET /v1/project-quotas')
    for (const paging of ['?offset=3', '?limit=2'])
      await twins.ask(`GET /v1/project-quotas${paging}`)
    for (const json of BODIES) {
      const { isShared } = await twins.ask('PUT /v1/project-quotas/quotasSomeone', { json })
      if (!isShared) {
        await twins.ask('DELETE /v1/project-quotas/quotasSomeone')
        continue
      }
      await twins.ask('GET /v1/project-quotas/quotasSomeone')
      await twins.ask('GET /v1/quotas', { by: someone })
    }
    for (const project of ['quotasB', 'quotas%20C', 'x'.repeat(100)]) {
      await twins.ask(`PUT /v1/project-quotas/${project}`, {
        json: { project_quotas: { orders: 7 } },
      })
      await twins.ask(`GET /v1/project-quotas/${project}`)
    }
    // With a dot in it Barbican has it made, and cannot find it again.
    const dotted = '/v1/project-quotas/quotas.D'
    await twins.ask(`PUT ${dotted}`, { json: { project_quotas: { orders: 7 } } })
    await twins.ask(`DELETE ${dotted}`)
    for (const paging of PAGINGS) await twins.ask(`GET /v1/project-quotas${paging}`)
    for (const project of [
      'quotasSomeone',
      'quotasSomeone',
      'quotasB',
      'quotas%20C',
      'x'.repeat(100),
      'nobody',
    ])
      await twins.ask(`DELETE /v1/project-quotas/${project}`)
    await twins.ask('GET /v1/project-quotas/quotasSomeone')
    await twins.ask('GET /v1/quotas', { by: someone })
    await twins.ask('GET /v1/project-quotas')
    for (const query of ['?x=y', '?inst=x', '?external_project_id=x'])
      await twins.ask(`GET /v1/quotas${query}`, { by: someone })
  },
}

/** What they hold back. */
export const quotaEnforcement: Scenario = {
  name: 'quotas: what they hold back',
  async run(twins) {
    const admin = person('quotas', 'alice', 'key-manager:service-admin')
    const carol = person('quotasHeld', 'carol', 'creator')
    twins.enter(this.name, carol)
    const container = await twins.make('POST /v1/containers', { json: { type: 'generic' } })
    const secret = await twins.make('POST /v1/secrets', { json: {} })
    const things: readonly (readonly [string, string, (index: number) => unknown])[] = [
      ['secrets', 'POST /v1/secrets', () => ({})],
      ['containers', 'POST /v1/containers', () => ({ type: 'generic' })],
      [
        'orders',
        'POST /v1/orders',
        () => ({ type: 'key', meta: { algorithm: 'aes', bit_length: 128 } }),
      ],
      ['consumers', `POST ${container}/consumers`, (index) => ({ name: `n${index}`, URL: 'u' })],
      [
        'consumers',
        `POST ${secret}/consumers`,
        (index) => ({ service: 's', resource_type: 't', resource_id: `i${index}` }),
      ],
    ]
    for (const [kind, line, json] of things) {
      for (const limit of [0, 3, -1]) {
        await twins.ask('PUT /v1/project-quotas/quotasHeld', {
          by: admin,
          json: { project_quotas: { [kind]: limit } },
        })
        for (let index = 0; index < 4; index++) await twins.ask(line, { json: json(index) })
        await twins.ask(line, { json: {} })
        await twins.ask(line, { body: '{', headers: { 'Content-Type': 'application/json' } })
      }
      // Held again before the next kind is tried, whose things count for themselves.
      await twins.ask('PUT /v1/project-quotas/quotasHeld', {
        by: admin,
        json: { project_quotas: { [kind]: -1 } },
      })
    }
    await twins.ask('PUT /v1/project-quotas/quotasHeld', {
      by: admin,
      json: { project_quotas: { secrets: 0, containers: 0 } },
    })
    const { made } = await twins.ask('POST /v1/orders', {
      json: { type: 'key', meta: { algorithm: 'aes', bit_length: 128 } },
    })
    if (made !== undefined) await twins.ask(`GET ${made}`)
    await twins.ask('GET /v1/secrets?limit=1')
    await twins.ask('GET /v1/containers?limit=1')
    await twins.ask('GET /v1/orders?limit=1')
    const full = person('quotasFull', 'carol', 'creator')
    await twins.ask('PUT /v1/project-quotas/quotasFull', {
      by: admin,
      json: { project_quotas: { secrets: 1 } },
    })
    const one = await twins.make('POST /v1/secrets', { json: {}, by: full })
    await twins.ask('POST /v1/secrets', { json: {}, by: full })
    await twins.ask(`PUT ${one}`, {
      by: full,
      body: 'x',
      headers: { 'Content-Type': 'text/plain' },
    })
    await twins.ask(`DELETE ${one}`, { by: full })
    await twins.ask('POST /v1/secrets', { json: {}, by: full })
    for (const project of ['quotasHeld', 'quotasFull'])
      await twins.ask(`DELETE /v1/project-quotas/${project}`, { by: admin })
  },
}
