import { randomBytes } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

/** Everything Keystone says about a token; what is left out is the usual. */
export interface FakeToken {
  readonly userId?: string
  readonly projectId?: string | null
  readonly roles?: readonly string[]
  readonly expiresAtMs?: number
  readonly scope?: 'project' | 'system' | 'domain'
  /** Rules of a restricted application credential, sent as they are. */
  readonly accessRules?: unknown
}

export interface FakeKeystoneOptions {
  readonly port?: number
  readonly epochMs?: () => number
  readonly tls?: https.ServerOptions
  readonly serviceTokenLifeMs?: number
}

/** 'silent' takes requests and never answers; 'down' cuts every connection. */
export type FakeMode = 'up' | 'down' | 'silent' | 'failing' | 'garbage' | 'endless'

const ALLOW_EXPIRED_WINDOW_MS = 172_800_000
export const SERVICE_PASSWORD = { username: 'gatehouse', password: 'service-password' } as const
export const SERVICE_CREDENTIAL = { id: 'service-credential', secret: 'credential-secret' } as const

/** The parts of Keystone v3 that Gatehouse uses, in memory; also the bench's stand-in. */
export class FakeKeystone {
  mode: FakeMode = 'up'
  /** While set, answers wait for it. */
  gate: Promise<void> | undefined
  validations = 0
  issuedServiceTokens = 0
  connections = 0
  readonly lastQueries: string[] = []
  readonly #tokens = new Map<string, FakeToken & { readonly expiresAtMs: number }>()
  readonly #bodies = new Map<string, Buffer>()
  readonly #serviceTokens = new Map<string, number>()
  readonly #sockets = new Set<Socket>()
  readonly #server: http.Server
  readonly #epochMs: () => number
  readonly #serviceTokenLifeMs: number
  readonly #scheme: 'http' | 'https'

  private constructor(options: FakeKeystoneOptions) {
    this.#epochMs = options.epochMs ?? Date.now
    this.#serviceTokenLifeMs = options.serviceTokenLifeMs ?? 3_600_000
    this.#scheme = options.tls === undefined ? 'http' : 'https'
    const listener: http.RequestListener = (request, response) => {
      this.#handle(request, response).catch(() => response.destroy())
    }
    this.#server =
      options.tls === undefined
        ? http.createServer(listener)
        : https.createServer({ ...options.tls }, listener)
    this.#server.on('connection', (socket: Socket) => {
      this.connections++
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      if (this.mode === 'down') socket.destroy()
    })
  }

  static async start(options: FakeKeystoneOptions = {}): Promise<FakeKeystone> {
    const keystone = new FakeKeystone(options)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    keystone.#server.once('error', reject)
    keystone.#server.listen(options.port ?? 0, '127.0.0.1', resolve)
    await promise
    return keystone
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo
    return `${this.#scheme}://127.0.0.1:${port}`
  }

  issue(token: FakeToken = {}): string {
    const text = `gAAAAA${randomBytes(90).toString('base64url')}`
    const expiresAtMs = token.expiresAtMs ?? this.#epochMs() + 3_600_000
    this.#tokens.set(text, { ...token, expiresAtMs })
    this.#bodies.set(text, Buffer.from(JSON.stringify(documentOf({ ...token, expiresAtMs }))))
    return text
  }

  revoke(token: string): void {
    this.#tokens.delete(token)
  }

  /** As after a change of Keystone's keys: every service token is refused from now on. */
  revokeServiceTokens(): void {
    this.#serviceTokens.clear()
  }

  /** Drops kept connections, as a restarting server does. */
  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.cutConnections()
    await promise
  }

  async #handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    if (this.gate !== undefined) await this.gate
    switch (this.mode) {
      case 'down':
        request.socket.destroy()
        return
      case 'silent':
        return
      case 'failing':
        answer(response, 500, { error: { code: 500, message: 'on purpose' } })
        return
      case 'garbage':
        answer(response, 200, '<html>not Keystone</html>')
        return
      case 'endless':
        response.writeHead(200)
        while (!response.destroyed) {
          response.write(Buffer.alloc(65_536, 0x20))
          await new Promise((resolve) => setImmediate(resolve))
        }
        return
      case 'up':
        await this.#route(request, response)
    }
  }

  async #route(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const [path, query = ''] = (request.url ?? '').split('?')
    if (request.method === 'GET' && path === '/v3/auth/tokens') {
      this.#validate(request, response, new URLSearchParams(query))
    } else if (request.method === 'POST' && path === '/v3/auth/tokens') {
      this.#authenticate(response, await bodyOf(request))
    } else if (request.method === 'POST' && path === '/fake/tokens') {
      answer(response, 201, { token: this.issue((await bodyOf(request)) as FakeToken) })
    } else if (request.method === 'GET' && path === '/v3') {
      answer(response, 200, { version: { id: 'v3.14', status: 'stable' } })
    } else {
      answer(response, 404, { error: { code: 404, title: 'Not Found' } })
    }
  }

  #validate(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    query: URLSearchParams,
  ): void {
    this.validations++
    this.lastQueries.push(query.toString())
    if (this.lastQueries.length > 100) this.lastQueries.shift()
    const own = request.headers['x-auth-token']
    const ownExpiry = typeof own === 'string' ? this.#serviceTokens.get(own) : undefined
    if (ownExpiry === undefined || ownExpiry <= this.#epochMs()) {
      answer(response, 401, { error: { code: 401, title: 'Unauthorized' } })
      return
    }
    const subject = String(request.headers['x-subject-token'])
    const token = this.#tokens.get(subject)
    const window = query.get('allow_expired') === '1' ? ALLOW_EXPIRED_WINDOW_MS : 0
    const isHidden =
      token?.accessRules !== undefined &&
      request.headers['openstack-identity-access-rules'] === undefined
    const body = this.#bodies.get(subject)
    if (
      token === undefined ||
      body === undefined ||
      isHidden ||
      token.expiresAtMs + window <= this.#epochMs()
    ) {
      answer(response, 404, { error: { code: 404, title: 'Not Found' } })
      return
    }
    answer(response, 200, body)
  }

  #authenticate(response: http.ServerResponse, body: unknown): void {
    if (!isServiceUser(body)) {
      answer(response, 401, { error: { code: 401, title: 'Unauthorized' } })
      return
    }
    const token = `service-${randomBytes(24).toString('base64url')}`
    const expiresAtMs = this.#epochMs() + this.#serviceTokenLifeMs
    this.#serviceTokens.set(token, expiresAtMs)
    this.issuedServiceTokens++
    response.setHeader('X-Subject-Token', token)
    answer(response, 201, documentOf({ userId: 'service-user', expiresAtMs }))
  }
}

function documentOf(token: FakeToken & { readonly expiresAtMs: number }): unknown {
  const { userId = 'user-1', projectId = 'project-1', scope = 'project', accessRules } = token
  const domain = { id: 'default', name: 'Default' }
  return {
    token: {
      methods: [accessRules === undefined ? 'password' : 'application_credential'],
      user: { id: userId, name: `name of ${userId}`, domain, password_expires_at: null },
      audit_ids: ['rJYcUkmMT5uYKrmyHmBlHg'],
      expires_at: microseconds(token.expiresAtMs),
      issued_at: microseconds(token.expiresAtMs - 3_600_000),
      ...(scope === 'project' && projectId !== null
        ? { project: { id: projectId, name: `name of ${projectId}`, domain }, is_domain: false }
        : {}),
      ...(scope === 'system' ? { system: { all: true } } : {}),
      ...(scope === 'domain' ? { domain } : {}),
      roles: (token.roles ?? ['member', 'reader']).map((name) => ({ id: `id-${name}`, name })),
      ...(accessRules === undefined
        ? {}
        : {
            application_credential: {
              id: 'credential',
              name: 'limited',
              restricted: true,
              access_rules: accessRules,
            },
          }),
    },
  }
}

/** As Keystone writes times: `2026-01-02T03:04:05.000000Z`. */
function microseconds(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}

/** Strict about the form, because Keystone is. */
function isServiceUser(body: unknown): boolean {
  const auth = at(body, 'auth')
  const identity = at(auth, 'identity')
  const methods = JSON.stringify(at(identity, 'methods'))
  const credential = at(identity, 'application_credential')
  if (methods === '["application_credential"]') {
    return (
      at(auth, 'scope') === undefined &&
      at(credential, 'id') === SERVICE_CREDENTIAL.id &&
      at(credential, 'secret') === SERVICE_CREDENTIAL.secret
    )
  }
  const user = at(at(identity, 'password'), 'user')
  const project = at(at(auth, 'scope'), 'project')
  return (
    methods === '["password"]' &&
    at(user, 'name') === SERVICE_PASSWORD.username &&
    at(user, 'password') === SERVICE_PASSWORD.password &&
    isDomain(at(user, 'domain')) &&
    at(project, 'name') === 'service' &&
    isDomain(at(project, 'domain'))
  )
}

function isDomain(domain: unknown): boolean {
  return at(domain, 'name') === 'Default' || at(domain, 'id') === 'default'
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined
}

async function bodyOf(request: http.IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function answer(response: http.ServerResponse, status: number, body: unknown): void {
  const bytes =
    body instanceof Buffer
      ? body
      : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': bytes.length,
    Vary: 'X-Auth-Token',
  })
  response.end(bytes)
}

// `node test/support/fakeKeystone.ts [PORT]`: prints its URL; POST /fake/tokens issues tokens.
if (import.meta.main) {
  const keystone = await FakeKeystone.start({ port: Number(process.argv[2] ?? 0) })
  process.stdout.write(`${keystone.url}\n`)
}
