import { RedisConnection } from '../../identity/redisConnection.ts'
import { tokenCacheOptions } from '../tokenCacheOfSettings.ts'
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
    const { location } = options
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
      return [fine(`the Redis at ${place} lets us in`)]
    } catch (cause) {
      const todo = 'Correct [token_cache] url, or mend Redis; until then Keystone is asked instead.'
      return [warning(`The Redis at ${place} cannot be used: ${codeOf(cause)}`, todo)]
    } finally {
      over.abort()
    }
  },
}
