import type { Scenario } from '../scenario.ts'
import { person } from './people.ts'
import { PAGINGS, walk } from './secretLists.ts'

const long = (length: number): string => 'x'.repeat(length)
const V11 = { 'OpenStack-API-Version': 'key-manager 1.1' }

/** Who uses a container. */
export const containerConsumers: Scenario = {
  name: 'consumers of containers',
  async run(twins) {
    twins.enter(this.name, person('containerConsumers', 'carol', 'creator'))
    const container = await twins.make('POST /v1/containers', {
      json: { type: 'generic', name: 'used' },
    })
    const path = `${container}/consumers`
    await twins.ask(`GET ${path}`)
    const fine = { name: 'lb', URL: 'http://lb/1' }
    const other = { name: 'other', URL: 'u' }
    const both = async (json: unknown): Promise<void> => {
      const { isShared } = await twins.ask(`POST ${path}`, { json })
      if (isShared) await twins.ask(`GET ${path}`)
      await twins.ask(`DELETE ${path}`, { json })
    }
    for (const name of [
      'a',
      '',
      ' ',
      ' padded ',
      long(36),
      long(37),
      long(255),
      'é'.repeat(36),
      null,
      5,
      [],
      undefined,
    ])
      await both({ ...fine, name })
    for (const URL of [
      'a',
      '',
      ' ',
      ' padded ',
      long(255),
      long(256),
      'not a url',
      null,
      5,
      {},
      undefined,
    ])
      await both({ ...fine, URL })
    for (const json of [
      {},
      null,
      [],
      'x',
      { name: 'n', url: 'u' },
      { ...other, more: 1 },
      { ...other, external_project_id: 'x' },
    ])
      await both(json)
    await twins.ask(`GET ${container}`)
    for (const json of [
      fine,
      fine,
      { ...fine, URL: 'http://lb/2' },
      { name: 'lc', URL: 'http://lb/1' },
      { name: 'aardvark', URL: 'z' },
    ]) {
      await twins.ask(`POST ${path}`, { json })
      await twins.ask(`GET ${container}`)
    }
    await twins.ask(`DELETE ${path}`, { json: fine })
    await twins.ask(`GET ${container}`)
    await twins.ask(`DELETE ${path}`, { json: fine })
    await twins.ask(`POST ${path}`, { json: fine })
    await twins.ask(`GET ${container}`)
    await twins.ask(`DELETE ${path}`)
    await twins.ask(`DELETE ${path}`, {
      body: JSON.stringify(fine),
      headers: { 'Content-Type': 'text/plain' },
    })
    await twins.ask(`DELETE ${path}`, { json: fine })
    for (let index = 0; index < 12; index++)
      await twins.ask(`POST ${path}`, {
        json: { name: `c${String(11 - index).padStart(2, '0')}`, URL: `u${index}` },
      })
    for (const paging of PAGINGS) await twins.ask(`GET ${path}${paging}`)
    await walk(twins, `${path}?limit=5`)
    await twins.ask(`DELETE ${container}`)
    await twins.ask(`GET ${path}`)
  },
}

const backup = { service: 'cinder', resource_type: 'backup', resource_id: 'b1' }
const volume = { service: 'cinder', resource_type: 'volume', resource_id: 'v1' }

/** Who uses a secret. */
export const secretConsumers: Scenario = {
  name: 'consumers of secrets',
  async run(twins) {
    twins.enter(this.name, person('secretConsumers', 'carol', 'creator'))
    const secret = await twins.make('POST /v1/secrets', { json: { name: 'used' } })
    const path = `${secret}/consumers`
    const at = (version: string): { headers: Record<string, string> } => ({
      headers: { 'OpenStack-API-Version': `key-manager ${version}` },
    })
    await twins.ask(`GET ${path}`)
    const both = async (json: unknown): Promise<void> => {
      const { isShared } = await twins.ask(`POST ${path}`, { json })
      if (isShared) await twins.ask(`GET ${path}`)
      await twins.ask(`DELETE ${path}`, { json })
    }
    for (const service of ['a', '', ' ', ' padded ', long(255), long(256), null, 5, [], undefined])
      await both({ ...volume, service })
    for (const resource_type of ['a', '', long(255), long(256), 'é', null, 5, undefined])
      await both({ ...volume, resource_type })
    for (const resource_id of ['a', '', long(36), long(37), long(255), null, 5, undefined])
      await both({ ...volume, resource_id })
    for (const json of [
      {},
      null,
      [],
      'x',
      { ...backup, more: 1 },
      { ...backup, external_project_id: 'x' },
      { name: 'n', URL: 'u' },
    ])
      await both(json)
    for (const json of [
      volume,
      volume,
      { ...volume, resource_id: 'v2' },
      { ...volume, service: 'CINDER' },
    ]) {
      await twins.ask(`POST ${path}`, { json })
      await twins.ask(`GET ${secret}`, { headers: V11 })
      await twins.ask(`GET ${secret}`)
    }
    for (const version of ['1.0', '1.1']) {
      await twins.ask(`GET ${path}`, at(version))
      await twins.ask(`POST ${path}`, { json: { ...volume, resource_id: version }, ...at(version) })
      await twins.ask(`GET ${secret}`, at(version))
      await twins.ask('GET /v1/secrets', at(version))
      await twins.ask(`DELETE ${path}`, {
        json: { ...volume, resource_id: version },
        ...at(version),
      })
    }
    await twins.ask(`DELETE ${path}`, { json: volume })
    await twins.ask(`GET ${secret}`, { headers: V11 })
    await twins.ask(`DELETE ${path}`, { json: volume })
    await twins.ask(`POST ${path}`, { json: volume })
    await twins.ask(`GET ${secret}`, { headers: V11 })
    await twins.ask(`DELETE ${path}`)
    await twins.ask(`DELETE ${path}`, {
      body: JSON.stringify(volume),
      headers: { 'Content-Type': 'text/plain' },
    })
    await twins.ask(`DELETE ${path}`, { json: volume })
    for (let index = 0; index < 12; index++)
      await twins.ask(`POST ${path}`, { json: { ...volume, resource_id: `many ${index}` } })
    for (const paging of PAGINGS) await twins.ask(`GET ${path}${paging}`)
    await walk(twins, `${path}?limit=5`)
    await twins.ask(`DELETE ${secret}`, at('1.1'))
    await twins.ask(`GET ${path}`)
  },
}

/** Consumers of others: who may add and take away in whose name. */
export const foreignConsumers: Scenario = {
  name: 'consumers across projects',
  async run(twins) {
    const owner = person('consumerOwner', 'carol', 'creator')
    twins.enter(this.name, owner)
    const octavia = person('consumerService', 'octavia', 'creator')
    const eve = person('consumerEve', 'eve', 'creator')
    const container = await twins.make('POST /v1/containers', { json: { type: 'generic' } })
    const secret = await twins.make('POST /v1/secrets', { json: {} })
    for (const [path, json] of [
      [container, { name: 'lb', URL: 'u' }],
      [secret, volume],
    ] as const) {
      for (const by of [octavia, eve, owner])
        await twins.ask(`POST ${path}/consumers`, { json, by })
      await twins.ask(`PUT ${path}/acl`, { json: { read: { users: ['octavia', 'eve'] } } })
      for (const by of [octavia, eve])
        for (const verb of ['POST', 'GET'])
          await twins.ask(
            `${verb} ${path}/consumers`,
            verb === 'POST' ? { json: { ...json, name: by.user, service: by.user }, by } : { by },
          )
      await twins.ask(`DELETE ${path}/consumers`, {
        json: { ...json, name: 'octavia', service: 'octavia' },
        by: eve,
      })
      await twins.ask(`DELETE ${path}/consumers`, {
        json: { ...json, name: 'octavia', service: 'octavia' },
        by: octavia,
      })
      await twins.ask(`DELETE ${path}/consumers`, {
        json: { ...json, name: 'eve', service: 'eve' },
        by: owner,
      })
      await twins.ask(`DELETE ${path}/consumers`, { json, by: eve })
      await twins.ask(`DELETE ${path}/consumers`, {
        json,
        by: person('consumerNobody', 'octavia', 'creator'),
      })
      await twins.ask(`GET ${path}/consumers`)
    }
  },
}
