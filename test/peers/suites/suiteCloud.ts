import { randomBytes } from 'node:crypto'
import { IdentityApi, loginWithPassword } from '../identityApi.ts'
import type { Keystone } from '../keystone.ts'
import { announce, type People, settle } from '../settle.ts'

/** Whom the suites log in as; names and roles are theirs. */
const PEOPLE: People = {
  barbican: { project: 'service', roles: ['admin', 'service'] },
  'service-admin': { project: 'service', roles: ['key-manager:service-admin'] },
  demo: { project: 'demo', roles: ['member', 'creator'] },
  alt_demo: { project: 'alt_demo', roles: ['member', 'creator'] },
  project_a_admin: { project: 'project_a', roles: ['admin'] },
  project_a_creator: { project: 'project_a', roles: ['creator'] },
  project_a_creator_2: { project: 'project_a', roles: ['creator'] },
  project_a_observer: { project: 'project_a', roles: ['observer'] },
  project_a_auditor: { project: 'project_a', roles: ['audit'] },
  project_b_admin: { project: 'project_b', roles: ['admin'] },
  project_b_creator: { project: 'project_b', roles: ['creator'] },
  project_b_observer: { project: 'project_b', roles: ['observer'] },
  project_b_auditor: { project: 'project_b', roles: ['audit'] },
}

/** The cloud that the suites expect to find. */
export class SuiteCloud {
  readonly keystoneUrl: string
  readonly keyManagerUrl: string
  /** Everybody's but the administrator's. */
  readonly password: string
  readonly people = Object.keys(PEOPLE)
  /** Of the user `admin`, who may do anything in Keystone, in every scope. */
  readonly adminPassword: string

  private constructor(keystone: Keystone, keyManagerUrl: string) {
    this.keystoneUrl = keystone.url
    this.keyManagerUrl = keyManagerUrl
    this.adminPassword = keystone.adminPassword
    this.password = randomBytes(16).toString('hex')
  }

  static async bootstrap(keystone: Keystone, keyManagerUrl: string): Promise<SuiteCloud> {
    const cloud = new SuiteCloud(keystone, keyManagerUrl)
    const api = await cloud.#administrator()
    await settle(api, PEOPLE, cloud.password)
    // The suites give these away themselves, and expect to find them.
    for (const role of ['admin', 'manager', 'member', 'reader', 'observer', 'audit'])
      await api.ensure('role', role)
    const userId = await api.ensure('user', 'admin')
    const roleId = await api.ensure('role', 'admin')
    await api.send('PUT', `domains/default/users/${userId}/roles/${roleId}`)
    await announce(api, keyManagerUrl)
    return cloud
  }

  async projectId(name: string): Promise<string> {
    return (await this.#administrator()).ensure('project', name)
  }

  async renameRole(from: string, to: string): Promise<void> {
    const api = await this.#administrator()
    const id = await api.ensure('role', from)
    await api.send('PATCH', `roles/${id}`, { role: { name: to } })
  }

  async #administrator(): Promise<IdentityApi> {
    const scope = { system: true } as const
    const login = await loginWithPassword(this.keystoneUrl, 'admin', this.adminPassword, scope)
    return new IdentityApi(this.keystoneUrl, login.token)
  }
}
