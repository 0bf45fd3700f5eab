import { randomUUID } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { SigningKey } from './signingKey.ts'

const LOCAL_ISSUER = 'gatehouse'
const DEFAULT_TTL_SECONDS = 3600
const DEFAULT_MAX_TTL_SECONDS = 86_400
const ALGORITHM = 'EdDSA'

export interface LocalTokenParts {
  readonly key: SigningKey
  /** The audience: a token of one deployment is of no use in another. */
  readonly deploymentId: string
  readonly clock: Clock
  /** `[token] max_ttl` */
  readonly maxTtlSeconds?: number
}

export interface TokenRequest {
  readonly projectId: string
  readonly roles: readonly string[]
  readonly userId?: string | undefined
  readonly ttlSeconds?: number | undefined
}

const name = z.string().min(1).max(255)
const claims = z.object({
  sub: name.optional(),
  project_id: name,
  roles: z.array(name).max(100),
  iat: z.int(),
  exp: z.int(),
})
export type LocalClaims = z.infer<typeof claims>

/** @throws Fault('badRequest') when the request asks for what no token may be */
export async function issueToken(parts: LocalTokenParts, request: TokenRequest): Promise<string> {
  const { key, deploymentId, clock, maxTtlSeconds = DEFAULT_MAX_TTL_SECONDS } = parts
  const ttlSeconds = request.ttlSeconds ?? Math.min(DEFAULT_TTL_SECONDS, maxTtlSeconds)
  if (!(Number.isInteger(ttlSeconds) && ttlSeconds >= 1 && ttlSeconds <= maxTtlSeconds)) {
    throw new Fault(
      'badRequest',
      `A token lives from 1 second to ${maxTtlSeconds} seconds ([token] max_ttl), not ${ttlSeconds}.`,
    )
  }
  const iat = Math.floor(clock.epochMs() / 1000)
  const { projectId, roles, userId } = request
  const wanted = claims.safeParse({
    ...(userId === undefined ? {} : { sub: userId }),
    project_id: projectId,
    roles: [...new Set(roles)],
    iat,
    exp: iat + ttlSeconds,
  })
  if (!wanted.success) {
    const [issue] = wanted.error.issues
    throw new Fault('badRequest', `No such token: ${issue?.path.join('.')}: ${issue?.message}.`)
  }
  const { sub, ...payload } = wanted.data
  return await new SignJWT(sub === undefined ? payload : { ...payload, sub })
    .setProtectedHeader({ alg: ALGORITHM, kid: key.kid, typ: 'JWT' })
    .setIssuer(LOCAL_ISSUER)
    .setAudience(deploymentId)
    .setJti(randomUUID())
    .sign(key.privateKey)
}

/** @throws TokenRefused with the reason */
export async function verifyToken(parts: LocalTokenParts, token: string): Promise<LocalClaims> {
  const { key, deploymentId, clock, maxTtlSeconds = DEFAULT_MAX_TTL_SECONDS } = parts
  if (headerOf(token)?.kid !== key.kid) {
    throw new TokenRefused('it was not signed with the key of this deployment')
  }
  const { payload } = await jwtVerify(token, key.publicKey, {
    algorithms: [ALGORITHM],
    issuer: LOCAL_ISSUER,
    audience: deploymentId,
    requiredClaims: ['exp', 'iat', 'project_id', 'roles'],
    currentDate: new Date(clock.epochMs()),
  }).catch((error: unknown) => {
    throw refusalOf(error)
  })
  const decoded = claims.safeParse(payload)
  if (!decoded.success) throw new TokenRefused('its claims are not those of a local token')
  // A shorter `max_ttl` counts for tokens that were issued before, too.
  if (decoded.data.exp - decoded.data.iat > maxTtlSeconds) {
    throw new TokenRefused(`it was issued for longer than [token] max_ttl (${maxTtlSeconds} s)`)
  }
  return decoded.data
}

export interface TokenInspection {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  /** 'valid', or why it is refused. */
  readonly verdict: string
}

/** What a token says and whether we would take it, for `gatehouse token inspect`. */
export async function inspectToken(
  parts: LocalTokenParts,
  token: string,
): Promise<TokenInspection> {
  const header = headerOf(token)
  if (header === undefined) {
    throw new Fault('badRequest', 'This is no token of ours: a JWT has three parts joined by dots.')
  }
  const verdict = await verifyToken(parts, token).then(
    () => 'valid',
    (error: unknown) => {
      if (error instanceof TokenRefused) return error.message
      throw error
    },
  )
  return { header: { ...header }, claims: { ...claimsOf(token) }, verdict }
}

/** Why a token is not taken; ends as a 401. */
export class TokenRefused extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'TokenRefused'
  }
}

/** Anything jose complains about is the token's fault; anything else is ours. */
export function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return new TokenRefused('it has expired')
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new TokenRefused(`its claim "${error.claim}" is not as required`)
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return new TokenRefused('it is signed with an algorithm that is not allowed here')
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new TokenRefused('its signature is wrong')
  }
  return error instanceof errors.JOSEError ? new TokenRefused('it is no signed token') : error
}

/** Read without checking anything: only to find out whose key to check with. */
function headerOf(token: string): { readonly kid?: string; readonly alg?: string } | undefined {
  try {
    return decodeProtectedHeader(token)
  } catch {
    return undefined
  }
}

/** As above. */
export function claimsOf(token: string): { readonly iss?: string } | undefined {
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}
