import { randomBytes } from 'node:crypto'
import {
  IdentityApi,
  type Login,
  loginWithApplicationCredential,
  loginWithPassword,
  type Scope,
} from './identityApi.ts'
import type { Keystone } from './keystone.ts'
import { announce, settle } from './settle.ts'

/** Who lives in the cloud: every person by name, with their roles in one project. */
const PEOPLE = {
  barbican: { project: 'service', roles: ['admin', 'service'] },
  nova: { project: 'service', roles: ['service'] },
  cinder: { project: 'service', roles: ['admin', 'service', 'creator'] },
  octavia: { project: 'service', roles: ['admin', 'service'] },
  heat: { project: 'service', roles: ['service'] },
  magnum: { project: 'service', roles: ['admin', 'service'] },
  manila: { project: 'service', roles: ['service'] },
  demo: { project: 'demo', roles: ['member', 'creator'] },
  administrator: { project: 'demo', roles: ['admin'] },
  creator: { project: 'demo', roles: ['creator'] },
  member: { project: 'demo', roles: ['member'] },
  observer: { project: 'demo', roles: ['observer'] },
  auditor: { project: 'demo', roles: ['audit'] },
  reader: { project: 'demo', roles: ['reader'] },
  stranger: { project: 'elsewhere', roles: ['member', 'creator', 'admin'] },
  hermit: { project: 'hermitage', roles: ['member', 'creator'] },
  librarian: { project: 'library', roles: ['member', 'creator'] },
} as const

export type Person = keyof typeof PEOPLE

export interface AccessRule {
  readonly service: string
  readonly method: string
  readonly path: string
}

/** The users, projects, roles and catalog of a small cloud, and ways to log in to it. */
export class Cloud {
  readonly keystoneUrl: string
  /** Everybody's. */
  readonly password: string
  readonly issuedTokens: string[] = []
  readonly #adminPassword: string

  private constructor(keystone: Keystone) {
    this.keystoneUrl = keystone.url
    this.#adminPassword = keystone.adminPassword
    this.password = randomBytes(16).toString('hex')
  }

  static async bootstrap(keystone: Keystone, keyManagerUrl: string): Promise<Cloud> {
    const cloud = new Cloud(keystone)
    const api = await cloud.#administrator()
    await settle(api, PEOPLE, cloud.password)
    await cloud.#letOneOfThemRule(api)
    await announce(api, keyManagerUrl)
    return cloud
  }

  async login(person: Person, scope?: Scope, url: string = this.keystoneUrl): Promise<Login> {
    const home = { project: PEOPLE[person].project }
    const login = await loginWithPassword(url, person, this.password, scope ?? home)
    this.issuedTokens.push(login.token)
    return login
  }

  projectOf(person: Person): string {
    return PEOPLE[person].project
  }

  /** Ends a token's life before its time; its owner may do that. */
  async revoke(token: string): Promise<void> {
    await new IdentityApi(this.keystoneUrl, token).send('DELETE', 'auth/tokens', undefined, {
      'X-Subject-Token': token,
    })
  }

  async setEnabled(userId: string, enabled: boolean): Promise<void> {
    const api = await this.#administrator()
    await api.send('PATCH', `users/${userId}`, { user: { enabled } })
  }

  /** A project of its own, in which this person may create secrets. */
  async makeProject(name: string, person: Person, domainId = 'default'): Promise<string> {
    const api = await this.#administrator()
    const projectId = await api.ensure('project', name, { domain_id: domainId })
    const userId = await api.ensure('user', person)
    const roleId = await api.ensure('role', 'creator')
    await api.send('PUT', `projects/${projectId}/users/${userId}/roles/${roleId}`)
    return projectId
  }

  async makeDomain(name: string): Promise<string> {
    return (await this.#administrator()).ensure('domain', name)
  }

  async deleteProject(projectId: string): Promise<void> {
    await (await this.#administrator()).send('DELETE', `projects/${projectId}`)
  }

  /** A login by an application credential which may do what its rules name and nothing else. */
  async loginRestricted(person: Person, rules: readonly AccessRule[]): Promise<Login> {
    const owner = await this.login(person)
    const secret = randomBytes(24).toString('hex')
    const made = (await new IdentityApi(this.keystoneUrl, owner.token).send(
      'POST',
      `users/${owner.userId}/application_credentials`,
      {
        application_credential: {
          name: `credential ${randomBytes(6).toString('hex')}`,
          secret,
          access_rules: rules,
        },
      },
    )) as { readonly application_credential: { readonly id: string } }
    const { id } = made.application_credential
    const login = await loginWithApplicationCredential(this.keystoneUrl, id, secret)
    this.issuedTokens.push(login.token)
    return login
  }

  async #administrator(): Promise<IdentityApi> {
    const scope = { system: true } as const
    const login = await loginWithPassword(this.keystoneUrl, 'admin', this.#adminPassword, scope)
    return new IdentityApi(this.keystoneUrl, login.token)
  }

  /** System and domain roles, so that tokens of these scopes can be had. */
  async #letOneOfThemRule(api: IdentityApi): Promise<void> {
    const userId = await api.ensure('user', 'administrator')
    const roleId = await api.ensure('role', 'admin')
    await api.send('PUT', `system/users/${userId}/roles/${roleId}`)
    await api.send('PUT', `domains/default/users/${userId}/roles/${roleId}`)
  }
}
