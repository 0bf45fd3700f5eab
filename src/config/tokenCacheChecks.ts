import { parseRedisUrl, redisBeside } from './redisUrl.ts'
import type { Sections } from './settingsTable.ts'

interface TokenCacheCheck {
  readonly option: keyof Sections['token_cache']
  readonly reads?: readonly (keyof Sections['token_cache'])[]
  /** What is wrong, undefined when nothing is. */
  readonly judge: (settings: Sections) => string | undefined
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/

/** What one option of [token_cache] alone cannot tell. Nothing counts while there is no backend. */
export const TOKEN_CACHE_CHECKS: readonly TokenCacheCheck[] = [
  {
    option: 'backend',
    judge: ({ DEFAULT, keystone_authtoken: { token_cache_time: seconds } }) => {
      if (DEFAULT.auth_strategy !== 'keystone') {
        return `is redis, and auth_strategy is ${DEFAULT.auth_strategy}: only Keystone's answers are shared`
      }
      return seconds === 0
        ? 'is redis, and [keystone_authtoken] token_cache_time is 0: Keystone is asked every time, and nothing would be shared'
        : undefined
    },
  },
  {
    option: 'url',
    judge: ({ token_cache: { url } }) => {
      const location = url === undefined ? undefined : parseRedisUrl(url)
      if (location === undefined) {
        return 'names no Redis, and backend is redis: give rediss://USER:PASSWORD@HOST:PORT/DATABASE'
      }
      return location.isTls || LOOPBACK.test(location.host)
        ? undefined
        : `speaks to ${location.host} in clear, where the password can be read on the way: write rediss://`
    },
  },
  {
    option: 'further_hosts',
    reads: ['url'],
    judge: ({ token_cache: { url, further_hosts: hosts } }) => {
      const location = url === undefined ? undefined : parseRedisUrl(url)
      if (location === undefined) return undefined
      const beside = hosts.map((host) => redisBeside(location, host))
      const wrong = hosts.find((_, index) => beside[index] === undefined)
      if (wrong !== undefined)
        return `is no list of HOST or HOST:PORT: ${JSON.stringify(wrong.slice(0, 60))}`
      return location.isTls || beside.every((one) => LOOPBACK.test(one?.host ?? ''))
        ? undefined
        : 'names another machine, to which url would speak in clear: write rediss:// there'
    },
  },
  {
    option: 'secret_file',
    judge: ({ ssl, token_cache: { secret_file: file } }) =>
      file === undefined && ssl.ticket_key_file === undefined
        ? 'is missing, and so is [ssl] ticket_key_file: give a file of 32 random bytes or more, mode 0600, the same on every node'
        : undefined,
  },
  {
    option: 'certfile',
    reads: ['keyfile'],
    judge: ({ token_cache: { certfile, keyfile } }) =>
      (certfile === undefined) !== (keyfile === undefined)
        ? 'and keyfile belong together; only one of them is given'
        : undefined,
  },
]
