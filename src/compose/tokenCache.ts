import { setTimeout } from 'node:timers/promises'
import { tokenCacheOptions } from '../cli/tokenCacheOfSettings.ts'
import type { Settings } from '../config/settingsTable.ts'
import { SharedCacheSeal } from '../crypto/cacheSeal.ts'
import { RedisCache, type RedisEvent } from '../identity/redisCache.ts'
import { SHARED_LOOKUPS, SharedTokens } from '../identity/sharedTokens.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { Metrics } from '../ops/metrics.ts'
import { CertificateTrouble } from '../tls/certificateFiles.ts'
import { readSharedSecret } from '../tls/sharedSecret.ts'

interface Parts {
  readonly settings: Settings
  readonly deploymentId: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

interface ComposedTokenCache {
  readonly shared: SharedTokens
  close(): void
}

/** `[token_cache]`, where there is one. A Redis that is away delays no start. @throws StartupRefusal */
export async function composeTokenCache(parts: Parts): Promise<ComposedTokenCache | undefined> {
  const { settings, deploymentId, clock, log, metrics } = parts
  const options = tokenCacheOptions(settings)
  if (options === undefined) return undefined
  // Files that cannot be read now are a mistake; later they are being renewed.
  options.tls()
  const secret = await readSharedSecret(options.secretFile, 'the token cache').catch(
    (cause: unknown) => {
      if (!(cause instanceof CertificateTrouble)) throw cause
      throw new StartupRefusal(`[token_cache] secret_file: ${cause.message}`, { cause })
    },
  )
  const lookups = metrics.counter(
    'gatehouse_shared_token_cache_total',
    'Tokens looked for in the cache that processes share, by what came of it; `unkept`: an answer that it did not take.',
    SHARED_LOOKUPS,
  )
  const cache = new RedisCache({
    addresses: options.locations,
    tls: options.tls,
    timeoutMs: options.timeoutMs,
    onEvent: (event) => observe(event, log),
  })
  // It may come later, or never.
  void cache.start()
  const shared = new SharedTokens({
    cache,
    seal: new SharedCacheSeal(secret, deploymentId),
    clock,
    onLookup: (outcome) => lookups.count(outcome),
    waitMs: options.timeoutMs,
    wait: (ms) => setTimeout(ms, undefined, { ref: false }),
  })
  return { shared, close: () => cache.close() }
}

function observe(event: RedisEvent, log: Log): void {
  if (event.kind === 'there') log.info({ at: event.at }, 'the shared token cache is there')
  else
    log.warn({ reason: event.reason }, 'the shared token cache is away: Keystone is asked instead')
}
