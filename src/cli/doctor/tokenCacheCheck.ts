import type { RedisLocation } from '../../config/redisUrl.ts'
import { IS_REPLICA, RedisConnection } from '../../identity/redisConnection.ts'
import { type TokenCacheOptions, tokenCacheOptions } from '../tokenCacheOfSettings.ts'
import { codeOf } from './codeOf.ts'
import { type Check, fine, warning } from './finding.ts'

const PATIENCE_MS = 5_000

/** The Redis that processes share tokens through. Without it each asks Keystone, which is slower and no worse. */
export const tokenCacheCheck: Check = {
  name: 'token cache',
  async look({ settings }) {
    const options = tokenCacheOptions(settings)
    if (options === undefined)
      return [fine('each process has its own: [token_cache] backend is none')]
    const looks = options.locations.map((location) => lookAt(location, options))
    const findings = await Promise.all(looks)
    // A replica is where it should be, as long as another one takes writes.
    const isServed = findings.some(({ finding }) => finding.grade === 'fine')
    return findings.filter(({ isReplica }) => !isServed || !isReplica).map(({ finding }) => finding)
  },
}

async function lookAt(location: RedisLocation, options: TokenCacheOptions) {
  const place = `${location.host}:${location.port}`
  const over = new AbortController()
  try {
    await RedisConnection.open({
      address: location,
      tls: options.tls(),
      timeoutMs: PATIENCE_MS,
      connectTimeoutMs: PATIENCE_MS,
      signal: over.signal,
      onEnd: () => undefined,
    })
    return { isReplica: false, finding: fine(`the Redis at ${place} lets us in`) }
  } catch (cause) {
    const todo =
      'Correct [token_cache] url or further_hosts, or mend Redis; until then Keystone is asked instead.'
    const isReplica = cause instanceof Error && cause.message === IS_REPLICA
    const what = isReplica ? IS_REPLICA : codeOf(cause)
    return { isReplica, finding: warning(`The Redis at ${place} cannot be used: ${what}`, todo) }
  } finally {
    over.abort()
  }
}
