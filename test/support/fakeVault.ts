import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { gcmOpened, gcmSealed } from './gcmBytes.ts'
import type { Pki } from './testPki.ts'
import { TlsStandIn } from './tlsStandIn.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

interface Token {
  /** Paths it may use, with `METHOD `. */
  readonly may: (path: string) => boolean
  ttl: number
  readonly renewable: boolean
}

interface Version {
  readonly key: Buffer
  readonly made: number
}

/** A key of the transit engine. */
export interface FakeTransitKey {
  type: string
  derived: boolean
  exportable: boolean
  minDecryption: number
  minEncryption: number
  /** What is below was trimmed. */
  minAvailable: number
  readonly versions: Version[]
}

type Answer = readonly [status: number, body?: unknown, headers?: Readonly<Record<string, string>>]

/**
 * Vault's HTTP API as its public description has it (sys/health, auth/token, auth/approle, auth/kubernetes and the
 * transit engine): a stand-in, for no server of that kind can be had where the tests run.
 */
export class FakeVault {
  readonly tokens = new Map<string, Token>()
  readonly keys = new Map<string, FakeTransitKey>()
  /** Paths that were asked, with `METHOD `. */
  readonly asked: string[] = []
  /** undefined: of no namespace. */
  namespace: string | undefined
  mount = 'transit'
  loginMount: string | undefined
  isSealed = false
  /** Before Vault 1.9 it was ignored. */
  knowsAssociatedData = true
  /** Answers instead, when it answers. */
  instead: (path: string) => Answer | undefined = () => undefined
  secretId = 'a secret id'
  serviceAccountToken = 'a.jwt.of-kubernetes'
  /** What a login gives. */
  lease: { seconds: number; renewable: boolean; may?: Token['may'] } = {
    seconds: 3600,
    renewable: true,
  }
  /** What a renewal gives; 0: it is refused. */
  renewalSeconds = 3600
  #standIn: TlsStandIn | undefined

  /** @param wantsCertificate of its clients, as a listener with tls_require_and_verify_client_cert */
  static async start(t: CleansUp, wantsCertificate = false): Promise<FakeVault> {
    const vault = new FakeVault()
    vault.#standIn = await TlsStandIn.start(t, {
      name: 'vault',
      wantsCertificate,
      respond: (request, response) => vault.#respond(request, response),
    })
    return vault
  }

  get server(): TlsStandIn {
    if (this.#standIn === undefined) throw new Error('It was not started.')
    return this.#standIn
  }

  get pki(): Pki {
    return this.server.pki
  }

  get url(): string {
    return this.server.url
  }

  issueToken(wishes: Partial<Token> = {}): string {
    const token = `hvs.${randomBytes(12).toString('hex')}`
    this.tokens.set(token, { may: () => true, ttl: 3600, renewable: true, ...wishes })
    return token
  }

  makeKey(name: string, wishes: Partial<FakeTransitKey> = {}): FakeTransitKey {
    const key: FakeTransitKey = {
      type: 'aes256-gcm96',
      derived: false,
      exportable: false,
      minDecryption: 1,
      minEncryption: 0,
      minAvailable: 0,
      versions: [],
      ...wishes,
    }
    if (key.versions.length === 0) rotate(key)
    this.keys.set(name, key)
    return key
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace('/v1/', '')
    const { method = '' } = request
    this.asked.push(`${method} ${path}`)
    const body = method === 'POST' ? ((await json(request)) as Record<string, unknown>) : {}
    const answer = this.instead(path) ?? this.#answer(method, path, request, body)
    const [status, content, headers = {}] = answer
    const text = typeof content === 'string' ? content : JSON.stringify(content ?? {})
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(text)
  }

  #answer(
    method: string,
    path: string,
    { headers }: IncomingMessage,
    body: Record<string, unknown>,
  ): Answer {
    if (path === 'sys/health') return [this.isSealed ? 503 : 200, { sealed: this.isSealed }]
    if (this.isSealed) return [503, { errors: ['Vault is sealed'] }]
    if (headers['x-vault-request'] !== 'true') return [400, { errors: ['missing header'] }]
    if (headers['x-vault-namespace'] !== this.namespace) {
      return [404, { errors: [`no handler for route "${path}"`] }]
    }
    if (method === 'POST' && path === `auth/${this.loginMount ?? 'approle'}/login`) {
      const isRole = body['role_id'] === 'a role id' && body['secret_id'] === this.secretId
      const isPod = body['role'] === 'gatehouse' && body['jwt'] === this.serviceAccountToken
      if (!isRole && !isPod) return [400, { errors: ['invalid role or secret ID'] }]
      const { seconds: ttl, renewable, may = () => true } = this.lease
      return [200, authOf(this.issueToken({ ttl, renewable, may }), ttl, renewable)]
    }
    const token = String(headers['x-vault-token'])
    const held = this.tokens.get(token)
    if (held === undefined || !held.may(`${method} ${path}`)) {
      return [403, { errors: ['1 error occurred:\n\t* permission denied\n\n'] }]
    }
    if (path === 'auth/token/lookup-self') {
      return [200, { data: { ttl: held.ttl, renewable: held.renewable, id: token } }]
    }
    if (path === 'auth/token/renew-self') {
      if (!held.renewable || this.renewalSeconds === 0) {
        return [400, { errors: ['lease is not renewable'] }]
      }
      held.ttl = this.renewalSeconds
      return [200, authOf(token, held.ttl, true)]
    }
    const [, what = '', name = '', verb] =
      new RegExp(`^${this.mount}/(keys|encrypt|decrypt)/([^/]+)(/rotate)?$`).exec(path) ?? []
    const key = this.keys.get(name)
    if (key === undefined) return [404, { errors: [] }]
    if (verb !== undefined) rotate(key)
    if (what === 'keys') return [200, described(name, key)]
    return what === 'encrypt' ? this.#encrypt(key, body) : this.#decrypt(key, body)
  }

  #encrypt(key: FakeTransitKey, body: Record<string, unknown>): Answer {
    const version = Number(body['key_version'] ?? key.versions.length)
    if (version < key.minEncryption) return [400, { errors: ['requested version is too old'] }]
    const found = key.versions[version - 1]
    if (found === undefined) return [400, { errors: ['requested version is higher'] }]
    const associatedData = this.#associatedDataIn(body)
    const sealed = gcmSealed(found.key, bytesIn(body['plaintext']), associatedData)
    return [
      200,
      {
        data: {
          ciphertext: `vault:v${version}:${sealed.toString('base64')}`,
          key_version: version,
        },
      },
    ]
  }

  #decrypt(key: FakeTransitKey, body: Record<string, unknown>): Answer {
    const [, digits, text] = /^vault:v(\d+):(.*)$/.exec(String(body['ciphertext'])) ?? []
    const version = Number(digits)
    if (text === undefined) return [400, { errors: ['invalid ciphertext: no prefix'] }]
    if (version < key.minDecryption) {
      return [
        400,
        { errors: ['ciphertext or signature version is disallowed by policy (too old)'] },
      ]
    }
    const found = key.versions[version - 1]
    if (found === undefined) return [400, { errors: ['invalid ciphertext: version is too new'] }]
    const sealed = bytesIn(text)
    if (sealed.length < 12) return [400, { errors: ['invalid ciphertext length'] }]
    try {
      const opened = gcmOpened(found.key, sealed, this.#associatedDataIn(body))
      return [200, { data: { plaintext: opened.toString('base64') } }]
    } catch {
      return [400, { errors: ['cipher: message authentication failed'] }]
    }
  }

  #associatedDataIn(body: Record<string, unknown>): Buffer | undefined {
    return this.knowsAssociatedData ? bytesIn(body['associated_data']) : undefined
  }
}

export function rotate(key: FakeTransitKey): void {
  key.versions.push({ key: randomBytes(32), made: 1_700_000_000 + randomBytes(3).readUIntBE(0, 3) })
}

function described(name: string, key: FakeTransitKey) {
  return {
    data: {
      name,
      type: key.type,
      derived: key.derived,
      exportable: key.exportable,
      allow_plaintext_backup: false,
      deletion_allowed: false,
      latest_version: key.versions.length,
      min_available_version: key.minAvailable,
      min_decryption_version: key.minDecryption,
      min_encryption_version: key.minEncryption,
      keys: Object.fromEntries(
        key.versions
          .map(({ made }, index) => [index + 1, made] as const)
          .filter(([version]) => version >= key.minAvailable),
      ),
      supports_encryption: true,
      supports_decryption: true,
    },
  }
}

function authOf(token: string, seconds: number, renewable: boolean) {
  return { auth: { client_token: token, lease_duration: seconds, renewable, policies: [] } }
}

function bytesIn(base64: unknown): Buffer {
  return Buffer.from(String(base64 ?? ''), 'base64')
}
