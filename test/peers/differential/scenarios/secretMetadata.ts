import type { Scenario } from '../scenario.ts'
import { person } from './people.ts'

const long = (length: number): string => 'x'.repeat(length)

const KEYS = [
  'plain',
  'UPPER',
  'with-dash',
  'with_underscore',
  '1',
  '',
  ' padded ',
  'dot.ted',
  'a b',
  'é',
  'slash/ed',
  long(255),
  long(256),
  'line\n',
  null,
  5,
  {},
  'percent%',
]
const VALUES = ['v', '', ' padded ', 'é', long(255), long(256), null, 5, true, {}, [], '\u0001']

/** Free words about a secret, one at a time and all at once. */
export const secretMetadata: Scenario = {
  name: 'secret metadata',
  async run(twins, random) {
    twins.enter(this.name, person('metadata', 'carol', 'creator'))
    const fresh = async (): Promise<string> =>
      `${await twins.make('POST /v1/secrets', { json: { name: 'labelled' } })}/metadata`
    await twins.ask(`GET ${await fresh()}`)
    for (const key of KEYS) {
      const one = await fresh()
      const { isShared, made } = await twins.ask(`POST ${one}`, { json: { key, value: 'v' } })
      if (made !== undefined) await twins.ask(`GET ${made}`)
      if (isShared) await twins.ask(`GET ${one}`)
      const all = await fresh()
      const { isShared: isPut } = await twins.ask(`PUT ${all}`, {
        json: { metadata: { [String(key)]: 'v' } },
      })
      if (isPut) await twins.ask(`GET ${all}`)
    }
    const two = await fresh()
    for (const [index, value] of VALUES.entries()) {
      await twins.ask(`POST ${two}`, { json: { key: `k${index}`, value } })
      await twins.ask(`PUT ${two}/k0`, { json: { key: 'k0', value } })
      await twins.ask(`GET ${two}/k0`)
      const all = await fresh()
      const { isShared } = await twins.ask(`PUT ${all}`, {
        json: { metadata: { a: 'v', b: value } },
      })
      if (isShared) await twins.ask(`GET ${all}`)
    }
    const three = await fresh()
    for (const json of [
      {},
      [],
      null,
      'text',
      { metadata: null },
      { metadata: [] },
      { metadata: 'x' },
      { metadata: {} },
      { metadata: { a: '1' }, other: 1 },
      { metadata: { a: '1', A: '2' } },
      { metadata: { A: '2', a: '1' } },
      { Metadata: {} },
      { metadata: { a: { b: 'c' } } },
      { metadata: { external_project_id: 'x' } },
    ]) {
      await twins.ask(`PUT ${three}`, { json })
      await twins.ask(`GET ${three}`)
    }
    for (const json of [
      {},
      [],
      null,
      { key: 'k' },
      { value: 'v' },
      { key: 'k', value: 'v', more: 1 },
      { KEY: 'k', value: 'v' },
      { key: 'k', value: 'v' },
      { key: 'k', value: 'again' },
      { key: 'K', value: 'again' },
      { key: 'json', value: 'v' },
      { key: 'x', value: 'v', external_project_id: 'x' },
    ])
      await twins.ask(`POST ${three}`, { json })
    for (const path of [
      '/k',
      '/K',
      '/missing',
      '/json',
      '/k.json',
      '/k.txt',
      '/%6b',
      '/k%20',
      '/a/b',
    ]) {
      await twins.ask(`GET ${three}${path}`)
      await twins.ask(`PUT ${three}${path}`, {
        json: { key: decodeURIComponent(path.slice(1)), value: 'changed' },
      })
    }
    for (const json of [
      {},
      null,
      [],
      { key: 'k' },
      { value: 'v' },
      { key: 'other', value: 'v' },
      { key: 'K', value: 'up' },
      { key: 'k', value: 'v', more: 1 },
      { key: 'k', value: 5 },
      { key: 'k', value: long(256) },
    ])
      await twins.ask(`PUT ${three}/k`, { json })
    for (const headers of [
      { 'Content-Type': 'text/plain' },
      { 'Content-Type': 'Application/JSON' },
      { 'Content-Type': 'application/json; charset=utf-8' },
      { 'Content-Type': '' },
    ]) {
      await twins.ask(`PUT ${three}/k`, { json: { key: 'k', value: 'v' }, headers })
      await twins.ask(`PUT ${three}`, { json: { metadata: { k: 'v' } }, headers })
      await twins.ask(`POST ${three}`, {
        json: { key: `n${headers['Content-Type'].length}`, value: 'v' },
        headers,
      })
    }
    await twins.ask(`DELETE ${three}/k`)
    await twins.ask(`DELETE ${three}/k`)
    await twins.ask(`DELETE ${three}/missing`)
    await twins.ask(`GET ${three}/k`)
    await twins.ask(`GET ${three.replace('/metadata', '')}`)
    await twins.ask(`POST ${three}`, { json: { key: 'moved', value: 'no' } })
    await twins.ask(`GET ${three.replace('/metadata', '')}`)
    const four = await fresh()
    for (let round = 0; round < 40; round++) {
      const key = random.pick(['a', 'b', 'c', 'D', 'e_1'])
      const json = { key, value: random.text(5) }
      const verb = random.pick(['POST', 'PUT', 'DELETE', 'GET', 'ALL'])
      if (verb === 'POST') await twins.ask(`POST ${four}`, { json })
      else if (verb === 'ALL')
        await twins.ask(`PUT ${four}`, {
          json: { metadata: { [key]: random.text(4), z: random.text(3) } },
        })
      else if (verb === 'PUT') await twins.ask(`PUT ${four}/${key.toLowerCase()}`, { json })
      else await twins.ask(`${verb} ${four}/${key}`)
      await twins.ask(`GET ${four}`)
    }
  },
}
