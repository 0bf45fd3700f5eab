import { refusingWith } from '../cli/exitCodes.ts'
import { keystoneConnection } from '../cli/keystoneOfSettings.ts'
import type { Settings } from '../config/settingsTable.ts'
import type { Authenticator } from '../domain/ports/identity.ts'
import { JwksIssuer } from '../identity/jwksIssuer.ts'
import { KeystoneAuthenticator } from '../identity/keystoneAuthenticator.ts'
import type { KeystoneEvent } from '../identity/keystoneOptions.ts'
import { NoauthAuthenticator, refuseUnlessLocalBind } from '../identity/noauth.ts'
import { loadOrCreateSigningKey } from '../identity/signingKey.ts'
import { TokenAuthenticator } from '../identity/tokenAuthenticator.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import { composeTokenCache } from './tokenCache.ts'

interface Parts {
  readonly settings: Settings
  readonly deploymentId: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

export interface ComposedAuthenticator extends Authenticator {
  /** Resolves while what stands behind it answers; for /readyz. */
  health(signal: AbortSignal): Promise<void>
  close(): void
}

/** `[DEFAULT] auth_strategy`: who says who is calling. @throws StartupRefusal */
export async function composeAuthenticator(parts: Parts): Promise<ComposedAuthenticator> {
  const { settings, log } = parts
  switch (settings.DEFAULT.auth_strategy) {
    case 'keystone':
      return await keystone(parts)
    case 'token':
      return standalone(await token(parts))
    case 'noauth':
      refuseUnlessLocalBind(settings.DEFAULT.bind_host)
      log.warn({}, 'auth_strategy is noauth: every caller is believed to be whoever it says it is')
      return standalone(
        new NoauthAuthenticator({ defaultRoles: settings.DEFAULT.noauth_default_roles }),
      )
  }
}

/** Nothing stands behind it that could be away. */
function standalone(authenticator: Authenticator): ComposedAuthenticator {
  return {
    authenticate: (credentials) => authenticator.authenticate(credentials),
    isAtHand: (credentials) => authenticator.isAtHand(credentials),
    health: async () => undefined,
    close: () => undefined,
  }
}

async function keystone(parts: Parts): Promise<ComposedAuthenticator> {
  const { settings, clock, log, metrics } = parts
  const options = settings.keystone_authtoken
  const tokenCache = await refusingWith('settings', () => composeTokenCache(parts))
  const authenticator = new KeystoneAuthenticator({
    ...keystoneConnection(settings),
    wwwAuthenticateUri: options.www_authenticate_uri,
    tokenCacheTimeSeconds: options.token_cache_time,
    tokenStaleTimeSeconds: options.token_stale_time,
    serviceTokenRoles: options.service_token_roles,
    serviceTokenRolesRequired: options.service_token_roles_required,
    serviceType: options.service_type,
    shared: tokenCache?.shared,
    clock,
    onEvent: (event) => observeKeystone(event, metrics, log),
  })
  metrics.watchTokens(() => authenticator.counters)
  return {
    authenticate: (credentials) => authenticator.authenticate(credentials),
    isAtHand: (credentials) => authenticator.isAtHand(credentials),
    health: (signal) => authenticator.health(signal),
    close() {
      authenticator.close()
      tokenCache?.close()
    },
  }
}

export function observeKeystone(event: KeystoneEvent, metrics: Metrics, log: Log): void {
  switch (event.kind) {
    case 'away':
      metrics.keystoneIs(false)
      log.error({ reason: event.reason }, 'Keystone is away: known tokens are served for a while')
      return
    case 'back':
      metrics.keystoneIs(true)
      log.info({}, 'Keystone is back')
      return
    case 'serviceUserRefused':
      log.error({ status: event.status }, 'Keystone refuses the user of [keystone_authtoken]')
      return
    case 'filesRenewed':
      log.info({}, 'the certificates for Keystone were renewed')
      return
    case 'filesRefused':
      log.error(
        { reason: event.reason },
        'the files of [keystone_authtoken] cannot be used: those read before stay in use',
      )
      return
    case 'serviceTokenRenewed':
      log.debug({ lifeSeconds: event.lifeSeconds }, 'our own Keystone token was renewed')
  }
}

async function token(parts: Parts): Promise<TokenAuthenticator> {
  const authenticator = new TokenAuthenticator(await tokenOptions(parts))
  parts.metrics.watchTokens(() => authenticator.counters)
  return authenticator
}

async function tokenOptions({ settings, deploymentId, clock }: Parts) {
  const { token: options } = settings
  const key = await loadOrCreateSigningKey(options.signing_key_file)
  const local = { key, deploymentId, clock, maxTtlSeconds: options.max_ttl }
  if (options.jwks_url === undefined) return { local, clock }
  const jwks = new JwksIssuer({
    jwksUrl: options.jwks_url,
    // The settings' cross-check refuses a jwks_url without these.
    issuer: options.issuer ?? '',
    audience: options.audience ?? '',
    algorithms: options.algorithms,
    claims: {
      userId: options.user_claim,
      projectId: options.project_claim,
      roles: options.roles_claim,
    },
    cafile: options.cafile,
    clock,
  })
  return { local, jwks, clock }
}
