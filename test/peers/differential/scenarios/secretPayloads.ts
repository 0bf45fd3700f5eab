import { crossed, type Scenario } from '../scenario.ts'
import { person } from './people.ts'

const TYPES = [
  undefined,
  'text/plain',
  'text/plain; charset=utf-8',
  'text/plain;charset=ascii',
  'TEXT/PLAIN',
  'application/octet-stream',
  'application/octet-stream;x=y',
  'application/pkcs8',
  'application/json',
  'text/html',
  '',
  'nonsense',
]
const ENCODINGS = [undefined, '', 'base64', 'BASE64', 'gzip', 'identity', 'binary', 'base64, gzip']
const BODIES: readonly (string | Buffer)[] = [
  'plain words',
  ' padded\n',
  'AAAA',
  'AAAA\n',
  'AAA',
  'A',
  '!!!!',
  '-_-_',
  '====',
  '',
  ' ',
  Buffer.from([0, 1, 0xff, 0xfe]),
  Buffer.alloc(20_000, 66),
  Buffer.alloc(20_001, 66),
  'é',
  Buffer.from('\ufeffbom'),
  Buffer.alloc(15_000, 7).toString('base64'),
  Buffer.alloc(15_001, 7).toString('base64'),
]

const ACCEPTS = [
  undefined,
  '',
  '*/*',
  'text/plain',
  'TEXT/PLAIN',
  'text/plain;charset=utf-8',
  'text/plain; charset=utf-8',
  'text/plain; charset=UTF-8',
  'text/plain;charset=ascii',
  'application/octet-stream',
  'Application/Octet-Stream',
  'application/pkcs8',
  'application/json',
  'application/json; charset=utf-8',
  'application/json;q=0.9',
  'application/json, */*',
  'application/*',
  'text/*',
  'text/html',
  'text/plain, application/octet-stream',
  'application/octet-stream;q=0.5, text/plain',
  'text/plain;q=0',
  'nonsense',
  ';;;',
  'image/png, */*;q=0.1',
  'application/pkix-cert',
  'application/xml',
]

/** Two steps: an empty secret, then its payload. */
export const payloadUpload: Scenario = {
  name: 'secrets: the payload as a second step',
  async run(twins, random) {
    twins.enter(this.name, person('upload', 'carol', 'creator'))
    const upload = async (
      body: string | Buffer | undefined,
      type: string | undefined,
      encoding: string | undefined,
    ): Promise<void> => {
      const secret = await twins.make('POST /v1/secrets', { json: { name: 'two steps' } })
      const headers = {
        ...(type === undefined ? {} : { 'Content-Type': type }),
        ...(encoding === undefined ? {} : { 'Content-Encoding': encoding }),
      }
      const { status, isShared } = await twins.ask(
        `PUT ${secret}`,
        body === undefined ? { headers } : { headers, body },
      )
      if (!isShared || status !== 204) return
      await twins.ask(`GET ${secret}`)
      for (const accept of ['text/plain', 'application/octet-stream'])
        await twins.ask(`GET ${secret}/payload`, { headers: { Accept: accept } })
    }
    for (const [type, encoding] of crossed(TYPES, ENCODINGS))
      await upload('QUJDRA==', type, encoding)
    for (const body of BODIES) {
      await upload(body, 'text/plain', undefined)
      await upload(body, 'application/octet-stream', undefined)
      await upload(body, 'application/octet-stream', 'base64')
    }
    await upload(undefined, 'text/plain', undefined)
    for (let round = 0; round < 15; round++)
      await upload(
        random.bytes(random.whole(1, 200)),
        random.pick(['text/plain', 'application/octet-stream']),
        undefined,
      )
  },
}

/** Asked for in every way. */
export const payloadAccept: Scenario = {
  name: 'secrets: what Accept gets',
  async run(twins) {
    twins.enter(this.name, person('accept', 'carol', 'creator'))
    const text = { payload: 'some words', payload_content_type: 'text/plain' }
    const octets = {
      payload: '/v8A',
      payload_content_type: 'application/octet-stream',
      payload_content_encoding: 'base64',
    }
    const pkcs8 = { ...octets, payload: 'QUJD', payload_content_type: 'application/pkcs8' }
    for (const json of [text, octets, pkcs8, { name: 'empty' }]) {
      const secret = await twins.make('POST /v1/secrets', { json })
      for (const [accept, path] of crossed(ACCEPTS, [secret, `${secret}/payload`]))
        await twins.ask(`GET ${path}`, accept === undefined ? {} : { headers: { Accept: accept } })
      for (const query of [
        '?trans_wrapped_session_key=x',
        '?transport_key_id=x',
        '?transport_key_needed=true',
        '?transport_key_needed=false',
        '?x=y',
      ])
        await twins.ask(`GET ${secret}/payload${query}`)
      for (const query of [
        '?transport_key_needed=true',
        '?transport_key_needed=nonsense',
        '?x=y',
        '?inst=x',
        '?external_project_id=x',
        '?project_id=x',
      ])
        await twins.ask(`GET ${secret}${query}`)
    }
  },
}

/** Born, filled, read, written twice, deleted, expired. */
export const secretLife: Scenario = {
  name: 'secrets: from birth to death',
  async run(twins) {
    twins.enter(this.name, person('life', 'carol', 'creator'))
    const text = { 'Content-Type': 'text/plain' }
    const secret = await twins.make('POST /v1/secrets', { json: { name: 'life' } })
    await twins.ask(`GET ${secret}`)
    await twins.ask(`GET ${secret}/payload`)
    await twins.ask(`PUT ${secret}?transport_key_id=unknown`, { headers: text, body: 'x' })
    await twins.ask(`PUT ${secret}`, { headers: text, body: 'once' })
    await twins.ask(`PUT ${secret}`, { headers: text, body: 'twice' })
    await twins.ask(`PUT ${secret}`, { headers: text, body: '' })
    await twins.ask(`PUT ${secret}`, { headers: text, body: 'x'.repeat(20_001) })
    await twins.ask(`GET ${secret}`)
    await twins.ask(`DELETE ${secret}`, { json: { any: 'body' }, headers: { Accept: 'text/html' } })
    for (const below of ['', '/payload', '/metadata', '/metadata/k', '/acl', '/consumers'])
      await twins.ask(`GET ${secret}${below}`)
    await twins.ask(`DELETE ${secret}`)
    await twins.ask(`PUT ${secret}`, { headers: text, body: 'x' })
    await twins.ask('GET /v1/secrets')
    for (const force of ['', '?force=true', '?force=nonsense', '?force=']) {
      const one = await twins.make('POST /v1/secrets', { json: {} })
      await twins.ask(`DELETE ${one}${force}`, {
        headers: { 'OpenStack-API-Version': 'key-manager 1.1' },
      })
    }
    const soon = new Date(Date.now() + 1500).toISOString().slice(0, 23)
    const brief = await twins.make('POST /v1/secrets', {
      json: { ...{ payload: 'brief', payload_content_type: 'text/plain' }, expiration: soon },
    })
    await twins.ask(`GET ${brief}`)
    await new Promise((resolve) => setTimeout(resolve, 1600))
    for (const below of ['', '/payload', '/metadata']) await twins.ask(`GET ${brief}${below}`)
    await twins.ask(`PUT ${brief}`, { headers: text, body: 'x' })
    await twins.ask('GET /v1/secrets')
    await twins.ask(`DELETE ${brief}`)
  },
}
