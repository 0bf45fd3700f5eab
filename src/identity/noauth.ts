import { BlockList, isIP } from 'node:net'
import type { Authenticator, Credentials } from '../domain/ports/identity.ts'
import { Fault } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { Caller } from '../model/requestContext.ts'

export interface NoauthOptions {
  /** For requests without X-Roles; none unless said otherwise. */
  readonly defaultRoles?: readonly string[]
}

/**
 * Believes whatever the request says of itself: for tests and single machines only. It therefore answers
 * nobody who came through a proxy, and no browser that was led here under another name (DNS rebinding).
 */
export class NoauthAuthenticator implements Authenticator {
  readonly #defaultRoles: ReadonlySet<string>

  constructor({ defaultRoles = [] }: NoauthOptions = {}) {
    this.#defaultRoles = new Set(folded(defaultRoles))
  }

  async authenticate(credentials: Credentials): Promise<Caller> {
    refuseStrangers(credentials)
    const projectId = credentials.header('x-project-id')?.trim() ?? ''
    if (projectId === '' || projectId.length > 255) {
      throw new Fault(
        'badRequest',
        'X-Project-Id is missing or longer than 255 characters; auth_strategy noauth needs it.',
      )
    }
    const userId = credentials.header('x-user-id')?.trim() ?? ''
    if (userId.length > 255) {
      throw new Fault('badRequest', 'X-User-Id is longer than 255 characters.')
    }
    const roles = credentials.header('x-roles')
    return {
      userId: userId === '' ? null : userId,
      projectId: projectId as ProjectId,
      roles: roles === undefined ? this.#defaultRoles : new Set(folded(roles.split(','))),
      domainId: null,
      userDomainId: null,
      projectDomainId: null,
      strategy: 'noauth',
    }
  }

  isAtHand(): boolean {
    return true
  }
}

/** noauth listens on loopback or a Unix socket, or not at all. @throws StartupRefusal */
export function refuseUnlessLocalBind(bindHost: string): void {
  if (bindHost.startsWith('unix:') || bindHost === 'localhost') return
  const family = isIP(bindHost)
  if (family !== 0 && loopback().check(bindHost, family === 6 ? 'ipv6' : 'ipv4')) return
  throw new StartupRefusal(
    `auth_strategy = noauth believes every caller, so bind_host must be 127.0.0.1, ::1 or unix:/path, not ${bindHost}.`,
  )
}

function loopback(): BlockList {
  const list = new BlockList()
  list.addSubnet('127.0.0.0', 8, 'ipv4')
  list.addAddress('::1', 'ipv6')
  return list
}

const LOCAL_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?$/i
/** What proxies add on the way: RFC 7239, RFC 9110 section 7.6.3, and what they did before these. */
const PROXY_HEADER = /^(forwarded|via|x-real-ip|x-forwarded.*)$/

function refuseStrangers(credentials: Credentials): void {
  if (!LOCAL_HOST.test(credentials.header('host') ?? '')) {
    throw new Fault(
      'forbidden',
      'auth_strategy noauth answers only to localhost, 127.0.0.1 and [::1]: the Host header says otherwise.',
    )
  }
  const proxied = credentials.headerNames().find((name) => PROXY_HEADER.test(name))
  if (proxied !== undefined) {
    throw new Fault(
      'forbidden',
      `auth_strategy noauth does not answer through a proxy: the request carries ${proxied}.`,
    )
  }
}

function folded(roles: readonly string[]): string[] {
  return roles.map((role) => role.trim().toLowerCase()).filter((role) => role !== '')
}
