import { z } from 'zod'
import type { Clock } from '../lib/clock.ts'
import { KeystoneHttp, type KeystoneResponse } from './keystoneHttp.ts'
import type { KeystoneConnection, ServiceUser } from './keystoneOptions.ts'
import { authRequestBody } from './serviceUserAuth.ts'

export interface KeystoneLook {
  /** How far our clock is ahead of Keystone's, which says no more than the second. */
  readonly skewMs: number | undefined
  /** HTTP status of our service user's login. */
  readonly login: number
  /** What it may be; empty when it could not log in. */
  readonly roles: readonly string[]
  /** HTTP status of asking about a token, its own. */
  readonly validation: number | undefined
  /** Roles of this name that nobody has; undefined where it may not look for them. */
  readonly unknownRoles: readonly string[] | undefined
}

export interface KeystoneLookParts extends KeystoneConnection {
  readonly serviceUser: ServiceUser
  readonly clock: Clock
  /** Names to look for. */
  readonly serviceTokenRoles: readonly string[]
}

const issued = z.object({
  token: z.object({ roles: z.array(z.object({ name: z.string() })).default([]) }),
})
const found = z.object({ roles: z.array(z.unknown()) })

/** One login and some questions, for somebody who wants to know why. @throws KeystoneUnreachable */
export async function lookAtKeystone(parts: KeystoneLookParts): Promise<KeystoneLook> {
  const http = new KeystoneHttp({ ...parts, maxRetries: 0 })
  try {
    const skewMs = skewOf(await http.send({ method: 'GET', path: '', headers: {} }), parts.clock)
    const login = await http.send({
      method: 'POST',
      path: '/auth/tokens?nocatalog',
      headers: {},
      body: authRequestBody(parts.serviceUser),
    })
    const token = login.headers['x-subject-token']
    if (login.status !== 201 || typeof token !== 'string') {
      const none = { roles: [], validation: undefined, unknownRoles: undefined }
      return { skewMs, login: login.status, ...none }
    }
    const headers = { 'X-Auth-Token': token }
    const validated = await http.send({
      method: 'GET',
      path: '/auth/tokens?nocatalog',
      headers: { ...headers, 'X-Subject-Token': token },
    })
    return {
      skewMs,
      login: login.status,
      roles: issued.parse(JSON.parse(login.body)).token.roles.map(({ name }) => name),
      validation: validated.status,
      unknownRoles: await unknownAmong(parts.serviceTokenRoles, http, headers),
    }
  } finally {
    http.close()
  }
}

async function unknownAmong(
  names: readonly string[],
  http: KeystoneHttp,
  headers: Readonly<Record<string, string>>,
): Promise<readonly string[] | undefined> {
  const unknown: string[] = []
  for (const name of names) {
    const path = `/roles?name=${encodeURIComponent(name)}`
    const { status, body } = await http.send({ method: 'GET', path, headers })
    if (status !== 200) return undefined
    if (found.parse(JSON.parse(body)).roles.length === 0) unknown.push(name)
  }
  return unknown
}

function skewOf({ headers }: KeystoneResponse, clock: Clock): number | undefined {
  const theirsMs = Date.parse(headers.date ?? '')
  // It cuts the fraction off: half a second later is right on average.
  return Number.isNaN(theirsMs) ? undefined : clock.epochMs() - (theirsMs + 500)
}
