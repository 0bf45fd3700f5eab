import type { Socket } from 'node:net'
import { clientNetwork } from './clientNetwork.ts'
import type { Peer, TrustedProxies } from './peers.ts'

/** How many connections each client has, of those that are open; proxies that are trusted speak for many and have no bound. */
export class ClientConnections {
  readonly #most: number
  readonly #trusted: TrustedProxies
  readonly #open = new Map<string, number>()

  constructor(most: number, trusted: TrustedProxies) {
    this.#most = most
    this.#trusted = trusted
  }

  /** Counts it until it closes. @returns false: one more than there may be, and not counted */
  admits(raw: Socket, peer: Peer): boolean {
    const isForMany = peer.isForAnother === true || peer.isUnix || this.#trusted.trusts(peer)
    if (isForMany || peer.address === '') return true
    const client = clientNetwork(peer.address)
    const open = this.#open.get(client) ?? 0
    if (open >= this.#most) return false
    this.#open.set(client, open + 1)
    raw.once('close', () => this.#closed(client))
    return true
  }

  /** Clients that have any. */
  get clients(): number {
    return this.#open.size
  }

  #closed(client: string): void {
    const left = (this.#open.get(client) ?? 1) - 1
    if (left > 0) this.#open.set(client, left)
    else this.#open.delete(client)
  }
}
