import { crossed, type Scenario } from '../scenario.ts'
import { person } from './people.ts'

const ACCEPTS = [
  undefined,
  '*/*',
  'application/json',
  'application/*',
  'application/json;q=0.5, text/html',
  'text/html',
  'text/plain',
  'application/xml',
  'application/json-home',
  'application/octet-stream',
  'nonsense',
  '',
  'application/json; charset=utf-8',
  'text/*',
  'application/json;q=0',
]
const VERSIONS = [
  'key-manager 1.0',
  'key-manager 1.1',
  'key-manager latest',
  'key-manager 1.2',
  'key-manager 1.3',
  'key-manager 2.0',
  'key-manager 0.9',
  'key-manager x',
  'key-manager 1',
  'key-manager 1.1.1',
  'key-manager',
  '1.1',
  'compute 2.1',
  'compute 2.1, key-manager 1.1',
  'key-manager 1.1, compute 2.1',
  'KEY-MANAGER 1.1',
  'key-manager LATEST',
  'key-manager  1.1',
  'key-manager 1.01',
  'key-manager 1.-1',
  '',
  'key-manager 1.1,',
  'key-manager 1.0, key-manager 1.1',
]

/** What a client reads before it does anything. */
export const discovery: Scenario = {
  name: 'discovery, versions and health',
  async run(twins) {
    twins.enter(this.name, person('discovery', 'carol', 'creator'))
    const withAccept = (accept: string | undefined): { headers?: Record<string, string> } =>
      accept === undefined ? {} : { headers: { Accept: accept } }
    for (const [path, accept] of crossed(
      ['/', '/v1', '/v1/', '/v1.json', '/?x=y', '/healthcheck'],
      ACCEPTS,
    ))
      await twins.ask(`GET ${path}`, withAccept(accept))
    for (const [path, version] of crossed(
      ['/', '/v1', '/v1/secrets?limit=1', '/v1/orders/unknown'],
      VERSIONS,
    )) {
      await twins.ask(`GET ${path}`, { headers: { 'OpenStack-API-Version': version } })
    }
    for (const [path, method] of crossed(
      ['/', '/v1', '/v1/', '/healthcheck', '/v2', '/v1.0', '/nothing'],
      ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'],
    ))
      await twins.ask(`${method} ${path}`)
    for (const path of [
      '/?build',
      '/?build=1',
      '/v1/?build',
      '//',
      '/v1//',
      '/v1/nothing',
      '/v1/cas',
      '/v1/cas/x',
      '/v1/carol/secrets',
      '/V1',
      '/v1/Secrets',
      '/v1/consumers',
      '/v1/secrets.json',
      '/v1//secrets',
      '/v1/secrets/',
      '/v1/secrets//',
      '/v1/./secrets',
      '/v1/x/../secrets',
      '/v1/%73ecrets',
      '/v1;x=y/secrets',
    ])
      await twins.ask(`GET ${path}`)
    for (const accept of ['application/json', 'text/html', 'text/plain', undefined]) {
      for (const path of ['/nothing', '/v2', '/v1/nothing'])
        await twins.ask(`GET ${path}`, withAccept(accept))
      await twins.ask('GET /v1/secrets', { by: undefined, ...withAccept(accept) })
      await twins.ask('GET /v1/secrets', {
        headers: { 'OpenStack-API-Version': 'key-manager 9.9', ...withAccept(accept).headers },
      })
      await twins.ask('GET /v1/secrets', {
        headers: { 'OpenStack-API-Version': 'key-manager x', ...withAccept(accept).headers },
      })
    }
    await twins.ask('POST /v1/cas', { json: {} })
    await twins.ask('GET /v1', { by: undefined })
    await twins.ask('GET /v1/secrets', { by: { project: 'discovery', user: 'nobody' } })
    await twins.ask('GET /v1/secrets', { by: { project: 'discovery', roles: ['creator'] } })
    await twins.ask('GET /v1/secrets', {
      by: { project: 'discovery', user: 'carol', roles: ['CREATOR'] },
    })
    await twins.ask('OPTIONS /v1/secrets', {
      headers: { Origin: 'http://elsewhere', 'Access-Control-Request-Method': 'GET' },
    })
    await twins.ask('GET /v1/secrets', { headers: { Origin: 'http://elsewhere' } })
    for (const name of ['X-HTTP-Method-Override', 'X-Method-Override'])
      await twins.ask('POST /v1/secrets', { json: {}, headers: { [name]: 'GET' } })
    await twins.ask('GET /v1/secrets?_method=POST&limit=1')
  },
}
