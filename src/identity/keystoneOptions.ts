import type { Clock } from '../lib/clock.ts'
import type { SharedTokens } from './sharedTokens.ts'
import type { TlsFilesEvent } from './tlsFiles.ts'

/** By name (then with the domain it lives in) or by id. */
export interface PasswordUser {
  readonly username?: string | undefined
  readonly userId?: string | undefined
  readonly password: string
  readonly userDomainName?: string | undefined
  readonly userDomainId?: string | undefined
  readonly projectName?: string | undefined
  readonly projectId?: string | undefined
  readonly projectDomainName?: string | undefined
  readonly projectDomainId?: string | undefined
  /** 'all': a system-scoped service user instead of one in a project. */
  readonly systemScope?: 'all' | undefined
}

/** By id, or by name together with its user. */
export interface ApplicationCredentialUser {
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly secret: string
  readonly username?: string | undefined
  readonly userId?: string | undefined
  readonly userDomainName?: string | undefined
  readonly userDomainId?: string | undefined
}

export type ServiceUser =
  | { readonly password: PasswordUser }
  | { readonly applicationCredential: ApplicationCredentialUser }

/** How Keystone is reached; files that change are read again. */
export interface KeystoneConnection {
  /** With or without `/v3`. */
  readonly authUrl: string
  /** CA bundle; without it, Node's own and the machine's certificates count. */
  readonly cafile?: string | undefined
  readonly certfile?: string | undefined
  /** Without it, `certfile` holds the key too. */
  readonly keyfile?: string | undefined
  /** How often the files are looked at, while there is something to ask. */
  readonly lookEveryMs?: number
  /** True accepts any certificate. */
  readonly insecure?: boolean
  /** One whole answer, retries included. */
  readonly timeoutSeconds?: number
  readonly connectTimeoutSeconds?: number
  /** Further tries when no connection comes about or one breaks. */
  readonly maxRetries?: number
}

export interface KeystoneOptions extends KeystoneConnection {
  readonly serviceUser: ServiceUser
  /** Told to clients in WWW-Authenticate; `authUrl` if absent. */
  readonly wwwAuthenticateUri?: string | undefined
  /** How long an answer counts without asking again; 0 or less asks at every request. */
  readonly tokenCacheTimeSeconds?: number
  /** While Keystone is away, an answer counts until this age (and never past its token's expiry); 0 never. */
  readonly tokenStaleTimeSeconds?: number
  readonly cacheSize?: number
  /** A second level that other processes share. */
  readonly shared?: SharedTokens | undefined
  /** While Keystone is away: how often it is looked for. */
  readonly probeEveryMs?: number
  /** How long a token that Keystone does not know is refused without asking again. */
  readonly negativeCacheTimeSeconds?: number
  readonly serviceTokenRoles?: readonly string[]
  /** True refuses requests whose X-Service-Token has none of the roles. */
  readonly serviceTokenRolesRequired?: boolean
  /** Our name in access rules of application credentials. */
  readonly serviceType?: string
  readonly clock: Clock
  readonly onEvent?: (event: KeystoneEvent) => void
}

/** What an operator wants to hear; none holds a token or a credential. */
export type KeystoneEvent =
  | { readonly kind: 'away'; readonly reason: string }
  | { readonly kind: 'back' }
  | { readonly kind: 'serviceUserRefused'; readonly status: number }
  | { readonly kind: 'serviceTokenRenewed'; readonly lifeSeconds: number }
  | TlsFilesEvent
