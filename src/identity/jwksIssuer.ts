import https from 'node:https'
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import type { Clock } from '../lib/clock.ts'
import { unavailable } from '../lib/fault.ts'
import { machineCertificates, readPem } from '../lib/pemFile.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { refusalOf, TokenRefused } from './localToken.ts'

/** Which claim says what. A name is looked up as it stands, then as a path (`realm_access.roles`). */
export interface ClaimsMapping {
  readonly userId?: string
  readonly projectId?: string
  readonly roles?: string
  readonly userDomainId?: string
  readonly projectDomainId?: string
}

export interface JwksOptions {
  readonly jwksUrl: string
  readonly issuer: string
  readonly audience: string
  readonly algorithms?: readonly string[]
  readonly claims?: ClaimsMapping
  readonly cafile?: string | undefined
  readonly clock: Clock
}

/** What a token of the issuer says about its bearer. */
export interface IssuedIdentity {
  readonly userId: string | null
  readonly projectId: string
  readonly roles: readonly string[]
  readonly userDomainId: string | null
  readonly projectDomainId: string | null
  readonly exp: number
}

const ASYMMETRIC = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]
const MAX_JWKS_BYTES = 262_144
const CLOCK_TOLERANCE_SECONDS = 10

/** Tokens of somebody else's issuer, checked with the keys it publishes. */
export class JwksIssuer {
  readonly issuer: string
  readonly #options: JwksOptions
  readonly #algorithms: string[]
  readonly #keys: JWTVerifyGetKey

  /** @throws StartupRefusal when the options would trust too much */
  constructor(options: JwksOptions) {
    const url = checkedUrl(options)
    this.issuer = options.issuer
    this.#options = options
    this.#algorithms = [...(options.algorithms ?? ASYMMETRIC)]
    const { cafile } = options
    const ca = cafile === undefined ? machineCertificates() : readPem('token', 'cafile', cafile)
    const agent = new https.Agent({ keepAlive: true, maxSockets: 2, ca })
    this.#keys = createRemoteJWKSet(url, {
      timeoutDuration: 5000,
      cooldownDuration: 30_000,
      cacheMaxAge: 600_000,
      [customFetch]: (address, { signal }) => fetchOver(agent, address, signal),
    })
  }

  /**
   * @throws TokenRefused
   * @throws Fault('unavailable') when the keys cannot be fetched
   */
  async verify(token: string): Promise<IssuedIdentity> {
    const { issuer, audience, clock, claims = {} } = this.#options
    const { payload } = await jwtVerify(token, this.#keys, {
      algorithms: this.#algorithms,
      issuer,
      audience,
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(clock.epochMs()),
    }).catch((error: unknown) => {
      throw isFetchProblem(error)
        ? unavailable('The keys of the token issuer cannot be fetched.', error)
        : refusalOf(error)
    })
    return identityOf(payload, claims)
  }
}

/** An unknown key id or an odd token is the token's fault; an issuer that cannot be asked is not. */
function isFetchProblem(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true
  return (
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error.code === 'ERR_JOSE_GENERIC'
  )
}

function identityOf(payload: JWTPayload, mapping: ClaimsMapping): IssuedIdentity {
  const text = (claim: string | undefined): string | null => {
    const value = claim === undefined ? undefined : claimAt(payload, claim)
    return typeof value === 'string' && value !== '' && value.length <= 255 ? value : null
  }
  const projectClaim = mapping.projectId ?? 'project_id'
  const projectId = text(projectClaim)
  if (projectId === null) throw new TokenRefused(`its claim "${projectClaim}" names no project`)
  return {
    userId: text(mapping.userId ?? 'sub'),
    projectId,
    roles: rolesOf(claimAt(payload, mapping.roles ?? 'roles')),
    userDomainId: text(mapping.userDomainId),
    projectDomainId: text(mapping.projectDomainId),
    exp: payload.exp ?? 0,
  }
}

/** A list of names, or one text with names between spaces, as OAuth's scope is. */
function rolesOf(value: unknown): readonly string[] {
  const names: readonly unknown[] =
    typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : []
  return names.filter((name): name is string => typeof name === 'string' && name !== '')
}

function claimAt(payload: object, name: string): unknown {
  if (Object.hasOwn(payload, name)) return (payload as Record<string, unknown>)[name]
  let value: unknown = payload
  for (const step of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return value
}

function checkedUrl(options: JwksOptions): URL {
  const url = URL.parse(options.jwksUrl)
  if (url?.protocol !== 'https:') {
    throw new StartupRefusal(
      `[token] jwks_url must be an https URL, or anybody on the way could hand out keys: ${options.jwksUrl}`,
    )
  }
  if (options.issuer === '' || options.audience === '') {
    throw new StartupRefusal(
      '[token] jwks_url needs issuer and audience: without them any token of that issuer, for any service, would do.',
    )
  }
  const wrong = options.algorithms?.find((algorithm) => !ASYMMETRIC.includes(algorithm))
  if (wrong !== undefined || options.algorithms?.length === 0) {
    throw new StartupRefusal(
      `[token] algorithms takes ${ASYMMETRIC.join(', ')}; not ${wrong ?? 'an empty list'}.`,
    )
  }
  return url
}

/** fetch takes no CA. Follows no redirects: the keys come from the configured place or not at all. */
function fetchOver(agent: https.Agent, address: string, signal: AbortSignal): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  const request = https.get(
    address,
    { agent, signal, headers: { Accept: 'application/json' } },
    (incoming) => {
      read(incoming).then(
        (body) => resolve(new Response(body, { status: incoming.statusCode ?? 500 })),
        reject,
      )
    },
  )
  request.on('error', reject)
  return promise
}

async function read(incoming: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming) {
    bytes += chunk.length
    if (bytes > MAX_JWKS_BYTES) throw new Error('the key set is longer than 256 KiB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
