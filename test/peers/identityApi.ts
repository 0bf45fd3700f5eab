export interface Login {
  readonly token: string
  readonly expiresAt: string
  readonly projectId: string | undefined
  readonly userId: string
}

interface TokenDocument {
  readonly token: {
    readonly expires_at: string
    readonly project?: { readonly id: string }
    readonly user: { readonly id: string }
  }
}

const authenticate = async (url: string, auth: object): Promise<Login> => {
  const response = await fetch(`${url}/auth/tokens`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ auth }),
  })
  const token = response.headers.get('x-subject-token')
  if (response.status !== 201 || token === null)
    throw new Error(`Keystone refused a login: ${response.status} ${await response.text()}`)
  const document = (await response.json()) as TokenDocument
  return {
    token,
    expiresAt: document.token.expires_at,
    projectId: document.token.project?.id,
    userId: document.token.user.id,
  }
}

export type Scope =
  /** By its name, in the default domain. */
  | { readonly project: string }
  | { readonly projectId: string }
  | { readonly system: true }
  | { readonly domain: string }
  | 'unscoped'

const wireScope = (scope: Scope): unknown => {
  if (scope === 'unscoped') return 'unscoped'
  if ('project' in scope) return { project: { name: scope.project, domain: { id: 'default' } } }
  if ('projectId' in scope) return { project: { id: scope.projectId } }
  if ('domain' in scope) return { domain: { id: scope.domain } }
  return { system: { all: true } }
}

export const loginWithPassword = async (
  url: string,
  name: string,
  password: string,
  scope: Scope,
): Promise<Login> =>
  authenticate(url, {
    identity: {
      methods: ['password'],
      password: { user: { name, domain: { id: 'default' }, password } },
    },
    scope: wireScope(scope),
  })

export const loginWithApplicationCredential = async (
  url: string,
  id: string,
  secret: string,
): Promise<Login> =>
  authenticate(url, {
    identity: { methods: ['application_credential'], application_credential: { id, secret } },
  })

/** Keystone's v3 API as one caller sees it; an answer that is no success is an error with its text. */
export class IdentityApi {
  readonly #url: string
  readonly #token: string

  constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
  }

  async send(method: string, path: string, body?: object, headers: object = {}): Promise<unknown> {
    const response = await fetch(`${this.#url}/${path}`, {
      method,
      headers: { 'X-Auth-Token': this.#token, 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`Keystone: ${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  /** The id of the thing with this name, made when it is not there (bootstrap makes some roles, releases differ in which). */
  async ensure(kind: string, name: string, rest: object = {}): Promise<string> {
    const found = (await this.send('GET', `${kind}s?name=${encodeURIComponent(name)}`)) as Record<
      string,
      readonly { readonly id: string; readonly name: string }[]
    >
    const same = found[`${kind}s`]?.find((item) => item.name === name)
    if (same !== undefined) return same.id
    const made = (await this.send('POST', `${kind}s`, { [kind]: { name, ...rest } })) as Record<
      string,
      { readonly id: string }
    >
    const id = made[kind]?.id
    if (id === undefined) throw new Error(`Keystone made a ${kind} without an id`)
    return id
  }
}
