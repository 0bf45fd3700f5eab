import { BlockList, isIP, type Socket } from 'node:net'

/** The other end of a connection: whoever opened it, or whom a trusted proxy opened it for. */
export interface Peer {
  /** Empty where there is none, as on a Unix socket. */
  readonly address: string
  /** Came over our Unix socket, and nobody said for whom. */
  readonly isUnix: boolean
  /** A proxy that speaks for somebody it does not name: its headers may be theirs. */
  readonly isForAnother?: boolean
}

/** Addresses and networks, and whether the Unix socket is one of them. */
export class TrustedProxies {
  readonly #list = new BlockList()
  readonly #trustsUnix: boolean

  /** @param entries `10.0.0.1`, `fd00::/64`, `unix` */
  constructor(entries: readonly string[]) {
    this.#trustsUnix = entries.includes('unix')
    for (const entry of entries) {
      if (entry === 'unix') continue
      const [address = '', bits] = entry.split('/')
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      if (bits === undefined) this.#list.addAddress(address, family)
      else this.#list.addSubnet(address, Number(bits), family)
    }
  }

  trusts({ address, isUnix, isForAnother }: Peer): boolean {
    if (isForAnother === true) return false
    if (isUnix) return this.#trustsUnix
    const family = isIP(address)
    return family !== 0 && this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}

/** Remembers the peers of connections; a connection that broke still has its own. */
export class Peers {
  readonly #peers = new WeakMap<Socket, Peer>()

  /** At the time it comes, for later nobody can tell a broken connection from one over a Unix socket. */
  arrived(raw: Socket, isUnix: boolean): Peer {
    const peer = { address: raw.remoteAddress ?? '', isUnix }
    this.#peers.set(raw, peer)
    return peer
  }

  /** @param address undefined: a PROXY header that names nobody; the address then stays that of the proxy */
  speaksFor(raw: Socket, address: string | undefined): void {
    const peer =
      address === undefined ? { ...this.of(raw), isForAnother: true } : { address, isUnix: false }
    this.#peers.set(raw, peer)
  }

  /** @param socket the connection of a request, TLS or not */
  of(socket: Socket): Peer {
    const known = this.#peers.get(rawSocketOf(socket))
    return known ?? { address: socket.remoteAddress ?? '', isUnix: false }
  }
}

/** Node keeps the connection below TLS in a field it does not document; a test notices when it is gone. */
function rawSocketOf(socket: Socket & { readonly _parent?: Socket | null }): Socket {
  return socket._parent ?? socket
}
