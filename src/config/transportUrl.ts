export interface Transport {
  readonly brokers: readonly {
    readonly host: string
    readonly port: number | undefined
    readonly username: string | undefined
    readonly password: string | undefined
  }[]
  readonly virtualHost: string
  /** Options of [oslo_messaging_rabbit] that the address itself gives. */
  readonly options: ReadonlyMap<string, string>
}

const ADDRESS = /^(?:rabbit|kombu):\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/
const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/

/**
 * `rabbit://user:password@host:port,user:password@host:port/virtual_host?option=value`, as
 * oslo.messaging reads it: each part percent-encoded, no host is localhost, no virtual host is `/`.
 * @returns undefined for anything else
 */
export function parseTransportUrl(url: string): Transport | undefined {
  const match = ADDRESS.exec(url.trim())
  if (match === null) return undefined
  const [, hosts = '', path = '', query = ''] = match
  const given = hosts.split(',').filter((host) => host !== '')
  const brokers = (given.length === 0 ? ['localhost'] : given).map(brokerOf)
  const virtualHost = decoded(path)
  const known = brokers.filter((broker) => broker !== undefined)
  if (known.length < brokers.length || virtualHost === undefined) return undefined
  const options = new Map(new URLSearchParams(query))
  return { brokers: known, virtualHost: virtualHost === '' ? '/' : virtualHost, options }
}

function brokerOf(given: string) {
  const at = given.lastIndexOf('@')
  const match = HOST.exec(given.slice(at + 1))
  if (match === null) return undefined
  const host = match[1] ?? match[2] ?? ''
  const port = match[3] === undefined ? undefined : Number(match[3])
  if (at === -1) return { host, port, username: undefined, password: undefined }
  const [user = '', ...rest] = given.slice(0, at).split(':')
  const username = decoded(user)
  const password = rest.length === 0 ? '' : decoded(rest.join(':'))
  if (username === undefined || password === undefined) return undefined
  return { host, port, username, password }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
