export interface RedisLocation {
  readonly isTls: boolean
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
}

const PORT = 6379

/** @returns undefined when this is no address of a Redis */
export function parseRedisUrl(given: string): RedisLocation | undefined {
  const url = URL.parse(given)
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === '') return undefined
  if (url.search !== '' || url.hash !== '') return undefined
  const database = /^\/?(\d{0,4})$/.exec(url.pathname)?.[1]
  const [username, password] = [decoded(url.username), decoded(url.password)]
  if (database === undefined || username === undefined || password === undefined) return undefined
  return {
    isTls: url.protocol === 'rediss:',
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? PORT : Number(url.port),
    username: username || undefined,
    password: password || undefined,
    database: Number(database),
  }
}

/** Another of the same kind. @param host HOST or HOST:PORT @returns undefined when it is neither */
export function redisBeside(location: RedisLocation, host: string): RedisLocation | undefined {
  const url = URL.parse(`redis://${host}`)
  if (url === null || url.host !== host || url.hostname === '') return undefined
  const beside = parseRedisUrl(url.href)
  return beside && { ...location, host: beside.host, port: beside.port }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
