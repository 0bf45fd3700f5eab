import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cloud } from './cloud.ts'
import { freePort } from './freePort.ts'
import { type Configuration, Gatehouse } from './gatehouse.ts'
import type { Login } from './identityApi.ts'
import { Keystone } from './keystone.ts'
import { PeerDatabases } from './peerDatabases.ts'

/**
 * A Keystone, its people, and as many Gatehouses beside it as the claims ask for. All of it lives in
 * one temporary folder, which stays: run.sh prints its logs after a failure, and removes it.
 */
export class World {
  readonly folder: string
  readonly keystone: Keystone
  readonly cloud: Cloud
  /** Where the catalog says the key manager is. */
  readonly endpointPort: number
  /** Of the user `demo`; it has expired, or soon will. */
  readonly shortLived: Login
  /** Part of payloads, so that logs can be searched for it. */
  readonly canary = `canary-${randomBytes(12).toString('hex')}`
  readonly gatehouses: Gatehouse[] = []
  readonly #databases = new PeerDatabases()

  private constructor(parts: {
    readonly folder: string
    readonly keystone: Keystone
    readonly cloud: Cloud
    readonly endpointPort: number
    readonly shortLived: Login
  }) {
    this.folder = parts.folder
    this.keystone = parts.keystone
    this.cloud = parts.cloud
    this.endpointPort = parts.endpointPort
    this.shortLived = parts.shortLived
  }

  static async open(): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-peers-'))
    await mkdir(join(folder, 'keystone'))
    const keystone = await Keystone.create(join(folder, 'keystone'))
    const endpointPort = await freePort()
    const cloud = await Cloud.bootstrap(keystone, `http://127.0.0.1:${endpointPort}`)
    const shortLived = await keystone.withShortLivedTokens(async (url) =>
      cloud.login('demo', undefined, url),
    )
    return new World({ folder, keystone, cloud, endpointPort, shortLived })
  }

  /** Starts a Gatehouse that asks this Keystone. */
  async gatehouse(name: string, changes: Configuration = {}, port?: number): Promise<Gatehouse> {
    const authtoken = {
      www_authenticate_uri: this.cloud.keystoneUrl,
      auth_url: this.cloud.keystoneUrl,
      auth_type: 'password',
      username: 'barbican',
      password: this.cloud.password,
      project_name: 'service',
      user_domain_name: 'Default',
      project_domain_name: 'Default',
      region_name: 'RegionOne',
      // However long a Keystone on a busy machine takes, it is there.
      http_connect_timeout: '120',
      service_token_roles: 'service',
      service_token_roles_required: 'true',
      ...changes['keystone_authtoken'],
    }
    return this.#start(name, { ...changes, keystone_authtoken: authtoken }, port)
  }

  /** Starts a Gatehouse that issues its own tokens and knows no Keystone. */
  async gatehouseWithTokens(name: string): Promise<Gatehouse> {
    return this.#start(name, { DEFAULT: { auth_strategy: 'token' } })
  }

  async close(): Promise<void> {
    await Promise.all(this.gatehouses.map(async (gatehouse) => gatehouse.stop()))
    await this.#databases.drop()
    await this.keystone.stop()
  }

  async #start(name: string, configuration: Configuration, port?: number): Promise<Gatehouse> {
    const options = {
      ...{ name, folder: this.folder },
      configuration: await this.#databases.within(configuration),
    }
    const gatehouse = await Gatehouse.start(port === undefined ? options : { ...options, port })
    this.gatehouses.push(gatehouse)
    return gatehouse
  }
}
