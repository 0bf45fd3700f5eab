import type { Scenario } from '../scenario.ts'
import { person } from './people.ts'

const UNKNOWN = '11111111-2222-4333-8444-555555555555'

/** With several stores switched on or off: the requests are the same. */
export const secretStores: Scenario = {
  name: 'secret stores',
  async run(twins) {
    twins.enter(this.name, person('stores', 'alice', 'admin'))
    const list = '/v1/secret-stores'
    const { json } = await twins.ask(`GET ${list}`)
    const stores = (json['secret_stores'] ?? []) as { secret_store_ref: string }[]
    const first = stores[0]?.secret_store_ref.slice(twins.base.length) ?? `${list}/${UNKNOWN}`
    for (const query of ['?limit=1', '?x=y', '?inst=x']) await twins.ask(`GET ${list}${query}`)
    for (const path of [
      'global-default',
      'preferred',
      UNKNOWN,
      'nonsense',
      'global-default/x',
      'preferred/x',
    ])
      for (const verb of ['GET', 'POST', 'PUT', 'DELETE'])
        await twins.ask(`${verb} ${list}/${path}`)
    for (const path of [first, `${list}/${UNKNOWN}`, `${list}/nonsense`]) {
      await twins.ask(`GET ${path}`)
      await twins.ask(`DELETE ${path}/preferred`)
      await twins.ask(`POST ${path}/preferred`)
      await twins.ask(`GET ${list}/preferred`)
      await twins.ask(`POST ${path}/preferred`, { json: { any: 'body' } })
      for (const verb of ['GET', 'PUT', 'PATCH']) await twins.ask(`${verb} ${path}/preferred`)
      for (const verb of ['GET', 'POST', 'PUT']) await twins.ask(`${verb} ${path}/x`)
      await twins.ask('POST /v1/secrets', {
        json: { payload: 'x', payload_content_type: 'text/plain' },
      })
      await twins.ask(`DELETE ${path}/preferred`)
      await twins.ask(`DELETE ${path}/preferred`)
      await twins.ask(`GET ${list}/preferred`)
    }
    for (const [verb, path] of [
      ['GET', list],
      ['GET', `${list}/global-default`],
      ['GET', `${list}/preferred`],
      ['GET', first],
      ['POST', `${first}/preferred`],
      ['DELETE', `${first}/preferred`],
    ] as const)
      for (const role of ['creator', 'observer', 'audit', 'nothing'])
        await twins.ask(`${verb} ${path}`, { by: person('stores', role, role) })
  },
}
