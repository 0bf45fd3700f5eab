import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { json } from 'node:stream/consumers'
import { type Pki, pkiNamed } from './testPki.ts'

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
  readonly versions: Version[]
}

type Answer = readonly [status: number, body?: unknown, headers?: Readonly<Record<string, string>>]

/**
 * Vault's HTTP API as its public description has it (sys/health, auth/token, auth/approle, auth/kubernetes and the
 * transit engine): a stand-in, for no server of that kind can be had where the tests run.
 */
export class FakeVault {
  readonly pki: Pki
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
  readonly #server: Server

  private constructor(pki: Pki, server: Server) {
    this.pki = pki
    this.#server = server
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#respond(request, response).catch(() => response.destroy())
    })
  }

  /** @param wantsCertificate of its clients, as a listener with tls_require_and_verify_client_cert */
  static async start(t: CleansUp, wantsCertificate = false): Promise<FakeVault> {
    const pki = await pkiNamed('vault')
    const { certificate, key } = await pki.issue()
    const server = createServer({
      cert: certificate,
      key,
      ca: pki.caPem,
      requestCert: wantsCertificate,
      rejectUnauthorized: wantsCertificate,
    })
    const vault = new FakeVault(pki, server)
    t.after(() => vault.stop())
    await vault.listen(0)
    return vault
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get port(): number {
    const address = this.#server.address()
    return address === null || typeof address === 'string' ? 0 : address.port
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  dropConnections(): void {
    this.#server.closeAllConnections()
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
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', found.key, nonce)
    if (this.knowsAssociatedData) cipher.setAAD(bytesIn(body['associated_data']))
    const sealed = Buffer.concat([
      nonce,
      cipher.update(bytesIn(body['plaintext'])),
      cipher.final(),
      cipher.getAuthTag(),
    ])
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
      const decipher = createDecipheriv('aes-256-gcm', found.key, sealed.subarray(0, 12), {
        authTagLength: 16,
      })
      if (this.knowsAssociatedData) decipher.setAAD(bytesIn(body['associated_data']))
      decipher.setAuthTag(sealed.subarray(-16))
      const opened = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
      return [200, { data: { plaintext: opened.toString('base64') } }]
    } catch {
      return [400, { errors: ['cipher: message authentication failed'] }]
    }
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
      min_available_version: 0,
      min_decryption_version: key.minDecryption,
      min_encryption_version: key.minEncryption,
      keys: Object.fromEntries(key.versions.map(({ made }, index) => [String(index + 1), made])),
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
