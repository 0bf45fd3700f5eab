import { z } from 'zod'
import type { ProjectId } from '../lib/ids.ts'
import type { Caller } from '../model/requestContext.ts'
import type { AccessRule } from './accessRules.ts'

/** What Keystone said about a token. Whether that is good enough is judged at every request. */
export interface KeystoneAnswer {
  /** undefined: the token is for no project (system, domain, unscoped). */
  readonly caller: Caller | undefined
  readonly roles: ReadonlySet<string>
  readonly expiresAtMs: number
  /** undefined: the token is not restricted. Empty: it may do nothing here. */
  readonly accessRules: readonly AccessRule[] | undefined
}

const id = z.string().min(1).max(255)
const domain = z.object({ id: id.nullish() }).nullish()
const tokenDocument = z.object({
  token: z.object({
    expires_at: z.string(),
    user: z.object({ id, domain }),
    project: z.object({ id, domain }).nullish(),
    roles: z.array(z.object({ name: z.string() })).nullish(),
    application_credential: z.object({ access_rules: z.unknown().optional() }).nullish(),
    bind: z.unknown().optional(),
  }),
})
const accessRule = z.object({ service: z.string(), method: z.string(), path: z.string() })

/** @returns undefined when this is no token document of Keystone v3 */
export function decodeAnswer(body: string): KeystoneAnswer | undefined {
  const parsed = tokenDocument.safeParse(parseJson(body))
  if (!parsed.success) return undefined
  const { token } = parsed.data
  const expiresAtMs = Date.parse(token.expires_at)
  // Bound to a Kerberos ticket or a certificate: Keystone gave that up, and we cannot check it.
  if (Number.isNaN(expiresAtMs) || isBound(token.bind)) return undefined
  const roles = new Set((token.roles ?? []).map(({ name }) => name.toLowerCase()))
  return Object.freeze({
    caller: token.project == null ? undefined : callerOf(token.user, token.project, roles),
    roles,
    expiresAtMs,
    accessRules: decodeRules(token.application_credential?.access_rules),
  })
}

function callerOf(
  user: z.infer<typeof tokenDocument>['token']['user'],
  project: {
    readonly id: string
    readonly domain?: { readonly id?: string | null | undefined } | null | undefined
  },
  roles: ReadonlySet<string>,
): Caller {
  return Object.freeze({
    userId: user.id,
    projectId: project.id as ProjectId,
    roles,
    // The token's own domain scope; a token for a project has none.
    domainId: null,
    userDomainId: user.domain?.id ?? null,
    projectDomainId: project.domain?.id ?? null,
    strategy: 'keystone',
  })
}

/** A rule we cannot read allows nothing, and a list we cannot read is a list of no rules. */
function decodeRules(rules: unknown): readonly AccessRule[] | undefined {
  if (rules === undefined || rules === null) return undefined
  if (!Array.isArray(rules)) return []
  return rules.flatMap((rule) => {
    const parsed = accessRule.safeParse(rule)
    return parsed.success ? [parsed.data] : []
  })
}

function isBound(bind: unknown): boolean {
  return typeof bind === 'object' && bind !== null && Object.keys(bind).length > 0
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
