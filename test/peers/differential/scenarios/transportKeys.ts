import { crossed, type Scenario } from '../scenario.ts'
import { person } from './people.ts'
import { PAGINGS, walk } from './secretLists.ts'

const UNKNOWN = '11111111-2222-4333-8444-555555555555'

export const transportKeys: Scenario = {
  name: 'transport keys',
  async run(twins) {
    twins.enter(this.name, person('transport', 'alice', 'admin', 'key-manager:service-admin'))
    const list = '/v1/transport_keys'
    await twins.ask(`GET ${list}`)
    const made: string[] = []
    for (const json of [
      { plugin_name: 'p', transport_key: 'k' },
      { plugin_name: ' padded ', transport_key: ' k ' },
      { plugin_name: 'p', transport_key: 'other', more: 1 },
      { plugin_name: 'p' },
      { transport_key: 'k' },
      { plugin_name: '', transport_key: 'k' },
      { plugin_name: 'p', transport_key: '' },
      { plugin_name: 5, transport_key: 'k' },
      { plugin_name: 'p', transport_key: null },
      {},
      null,
      [],
      'x',
      { plugin_name: 'x'.repeat(255), transport_key: 'k' },
      { plugin_name: 'é', transport_key: 'k' },
    ]) {
      const reply = await twins.ask(`POST ${list}`, { json })
      if (reply.made !== undefined) made.push(reply.made)
    }
    for (const [path, accept] of crossed(
      [...made, `${list}/${UNKNOWN}`, `${list}/nonsense`],
      [undefined, 'application/json', '*/*', 'text/plain'],
    ))
      await twins.ask(`GET ${path}`, accept === undefined ? {} : { headers: { Accept: accept } })
    for (const paging of PAGINGS) await twins.ask(`GET ${list}${paging}`)
    for (const filter of [
      'plugin_name=p',
      'plugin_name=P',
      'plugin_name=',
      'plugin_name=none',
      'plugin_name=%25',
      'plugin_name=p&limit=1',
    ])
      await twins.ask(`GET ${list}?${filter}`)
    await walk(twins, `${list}?limit=2`)
    await twins.ask(`DELETE ${list}/${UNKNOWN}`, { headers: { Accept: 'application/json' } })
    const id = made[0]?.slice(-36)
    for (const json of [
      { transport_key_id: id, payload: 'x', payload_content_type: 'text/plain' },
      { transport_key_id: UNKNOWN, payload: 'x', payload_content_type: 'text/plain' },
      { transport_key_id: id },
      { transport_key_needed: 'true' },
      { transport_key_needed: 'true', payload: 'x', payload_content_type: 'text/plain' },
      { transport_key_needed: 'false' },
    ])
      await twins.ask('POST /v1/secrets', { json })
    const secret = await twins.make('POST /v1/secrets', { json: {} })
    await twins.ask(`PUT ${secret}?transport_key_id=${id}`, {
      body: 'x',
      headers: { 'Content-Type': 'text/plain' },
    })
    const filled = await twins.make('POST /v1/secrets', {
      json: { payload: 'x', payload_content_type: 'text/plain' },
    })
    for (const query of ['transport_key_needed=true', `transport_key_id=${id}`])
      await twins.ask(`GET ${filled}?${query}`)
    for (const query of [
      `transport_key_id=${id}`,
      'trans_wrapped_session_key=x',
      `trans_wrapped_session_key=x&transport_key_id=${id}`,
      `trans_wrapped_session_key=x&transport_key_id=${UNKNOWN}`,
    ])
      await twins.ask(`GET ${filled}/payload?${query}`)
    for (const path of made) await twins.ask(`DELETE ${path}`)
    await twins.ask(`DELETE ${made[0]}`)
    await twins.ask(`GET ${made[0]}`)
    await twins.ask(`GET ${list}`)
  },
}
