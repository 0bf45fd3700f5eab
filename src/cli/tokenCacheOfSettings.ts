import { parseRedisUrl, type RedisLocation, redisBeside } from '../config/redisUrl.ts'
import type { Settings } from '../config/settingsTable.ts'
import type { RedisTls } from '../identity/redisConnection.ts'
import { machineCertificates, readPem } from '../lib/pemFile.ts'

export interface TokenCacheOptions {
  /** The one to begin with first. */
  readonly locations: readonly RedisLocation[]
  /** Reads the files anew each time. @throws StartupRefusal when one cannot be read */
  readonly tls: () => RedisTls | undefined
  readonly secretFile: string
  readonly timeoutMs: number
}

/** undefined: each process has its own cache and no other. */
export function tokenCacheOptions(settings: Settings): TokenCacheOptions | undefined {
  const { token_cache: options, ssl } = settings
  if (options.backend === 'none') return undefined
  const location = parseRedisUrl(options.url ?? '')
  const secretFile = options.secret_file ?? ssl.ticket_key_file
  const further = options.further_hosts.map((host) => location && redisBeside(location, host))
  const locations = [location, ...further].filter((one) => one !== undefined)
  if (
    location === undefined ||
    secretFile === undefined ||
    locations.length <= options.further_hosts.length
  ) {
    throw new Error('The settings were to see that there is a Redis and a secret.')
  }
  return {
    locations,
    tls: () => (location.isTls ? tlsOf(options) : undefined),
    secretFile,
    timeoutMs: options.timeout_ms,
  }
}

function tlsOf({ cafile, certfile, keyfile }: Settings['token_cache']): RedisTls {
  const pemAt = (option: string, path: string | undefined) =>
    path === undefined ? undefined : readPem('token_cache', option, path)
  const cert = pemAt('certfile', certfile)
  const key = pemAt('keyfile', keyfile)
  return {
    ca: pemAt('cafile', cafile) ?? machineCertificates(),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  }
}
