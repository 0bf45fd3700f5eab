import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { Peers, TrustedProxies } from './peers.ts'

/** What was asked for, as the outermost proxy saw it. */
export interface ForwardedTarget {
  readonly proto?: string
  readonly host?: string
  readonly prefix?: string
}

/** Reads what proxies say of the client they speak for. */
export interface ProxyWords {
  /** Of the client, or of whoever stands there and is not trusted. */
  addressOf(request: IncomingMessage): string
  targetOf(request: IncomingMessage): ForwardedTarget
}

/** More hops than this are no proxies of ours. */
const MOST_HOPS = 32

interface TrustingOptions {
  readonly peers: Peers
  readonly trusted: TrustedProxies
  readonly headers: 'x-forwarded' | 'forwarded'
}

/** Believes the headers of named proxies, and of nobody else. */
export class TrustedProxyWords implements ProxyWords {
  readonly #options: TrustingOptions

  constructor(options: TrustingOptions) {
    this.#options = options
  }

  /** From the nearest hop outwards, as long as each is trusted: what is further out, a client may have made up. */
  addressOf(request: IncomingMessage): string {
    const { peers, trusted, headers } = this.#options
    let peer = peers.of(request.socket)
    if (!trusted.trusts(peer)) return peer.address
    const hops = headers === 'forwarded' ? forwardedHops(request) : xForwardedHops(request)
    for (const hop of hops.toReversed().slice(0, MOST_HOPS)) {
      const address = addressIn(hop)
      if (address === undefined) break
      peer = { address, isUnix: false }
      if (!trusted.trusts(peer)) break
    }
    return peer.address
  }

  targetOf(request: IncomingMessage): ForwardedTarget {
    const { peers, trusted, headers } = this.#options
    if (!trusted.trusts(peers.of(request.socket))) return {}
    return headers === 'forwarded' ? forwardedTarget(request) : xForwardedTarget(request)
  }
}

/**
 * Without a list of proxies, as oslo.middleware: all or nothing of what stands in the headers, whoever sent them.
 * The address then stays that of the connection, because log and audit must not hold what anybody may write.
 */
export class AnybodysProxyWords implements ProxyWords {
  readonly #parsesAll: boolean
  readonly #peers: Peers

  constructor(options: { readonly parsesAll: boolean; readonly peers: Peers }) {
    this.#parsesAll = options.parsesAll
    this.#peers = options.peers
  }

  addressOf(request: IncomingMessage): string {
    return this.#peers.of(request.socket).address
  }

  targetOf(request: IncomingMessage): ForwardedTarget {
    const words = xForwardedTarget(request)
    if (this.#parsesAll) return { ...words, ...forwardedTarget(request) }
    // X-Forwarded-Proto counts even without the option (contract 00).
    return words.proto === undefined ? {} : { proto: words.proto }
  }
}

function xForwardedTarget({ headers }: IncomingMessage): ForwardedTarget {
  return present({
    proto: first(headers['x-forwarded-proto']),
    host: first(headers['x-forwarded-host']),
    prefix: first(headers['x-forwarded-prefix']),
  })
}

/** RFC 7239: the first element's host and proto. */
function forwardedTarget({ headers }: IncomingMessage): ForwardedTarget {
  const pairs = pairsIn(first(headers['forwarded']) ?? '')
  return present({ proto: pairs.get('proto'), host: pairs.get('host') })
}

type Unsure = { readonly [Word in keyof ForwardedTarget]?: string | undefined }

function present(words: Unsure): ForwardedTarget {
  return Object.fromEntries(Object.entries(words).filter(([, word]) => (word ?? '') !== ''))
}

/** The first value of a header that every proxy on the way may have added to. */
function first(header: string | readonly string[] | undefined): string | undefined {
  return (typeof header === 'string' ? header : header?.[0])?.split(',')[0]?.trim()
}

function valuesOf(header: string | readonly string[] | undefined): readonly string[] {
  const text = typeof header === 'string' ? header : (header ?? []).join(',')
  return text
    .split(',')
    .map((value) => value.trim())
    .filter((value) => value !== '')
}

function xForwardedHops({ headers }: IncomingMessage): readonly string[] {
  return valuesOf(headers['x-forwarded-for'])
}

function forwardedHops({ headers }: IncomingMessage): readonly string[] {
  return valuesOf(headers['forwarded']).map((element) => pairsIn(element).get('for') ?? '')
}

function pairsIn(element: string): ReadonlyMap<string, string> {
  return new Map(
    element.split(';').map((pair) => {
      const [name = '', value = ''] = pair.split('=', 2)
      return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')]
    }),
  )
}

/** `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`; not `unknown` and not `_hidden`. */
function addressIn(hop: string): string | undefined {
  if (isIP(hop) !== 0) return hop
  const inBrackets = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(hop)?.[1]
  const beforePort = /^(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}$/.exec(hop)?.[1]
  const address = inBrackets ?? beforePort ?? ''
  return isIP(address) === 0 ? undefined : address
}
