import type { Socket } from 'node:net'
import type { ClientConnections } from './clientConnections.ts'
import type { Peers, TrustedProxies } from './peers.ts'
import { readProxyHeader } from './proxyProtocol.ts'

/** Takes a connection whose client speaks TLS, and hands on what is inside. */
export interface Terminator {
  start(secured: (inner: Socket) => void): void
  accept(raw: Socket): void
  stop(): void
}

export interface ApproachParts {
  readonly peers: Peers
  /** Whose connections begin with a PROXY header; undefined: nobody's. */
  readonly proxies: TrustedProxies | undefined
  /** Undefined: the port takes HTTP alone. */
  readonly terminator: Terminator | undefined
  /** With a terminator: HTTP is taken as well. */
  readonly allowsClearText: boolean
  /** To say what is needed here, and to finish a handshake. */
  readonly timeoutMs: number
  /** With it, one client has so many connections at the most. */
  readonly clientConnections?: ClientConnections | undefined
  readonly onHttp: (socket: Socket) => void
  readonly onRefused: (reason: RefusedConnection, remoteAddress: string) => void
}

type RefusedApproach = 'malformed PROXY header' | 'too slow'
/** Why a connection was closed without being asked what it wants. */
export type RefusedConnection =
  | RefusedApproach
  | 'too many connections'
  | 'too many connections of one client'
  | 'too many requests in one breath'

/** The first byte of every TLS record of a handshake; no HTTP method begins with it. */
const TLS_HANDSHAKE = 0x16

/** Longer than any network takes to carry the first bytes after a connection is there. */
const SILENCE_MS = 1_000

interface Wanted {
  readonly isHeaderDue: boolean
  readonly isFirstByteDue: boolean
}

type Decision =
  | { readonly kind: 'wait' }
  | { readonly kind: 'refuse' }
  | {
      readonly kind: 'go'
      readonly headerLength: number
      readonly address: string | undefined
      readonly isTls: boolean
    }

/** What a connection says before it speaks HTTP: a PROXY header, and whether it is TLS. */
export class Approach {
  readonly #parts: ApproachParts
  /** Connections that have not said enough yet, and since when. */
  readonly #undecided = new Map<Socket, number>()

  constructor(parts: ApproachParts) {
    this.#parts = parts
  }

  take(raw: Socket, isUnix: boolean): void {
    const { peers, proxies, terminator, allowsClearText } = this.#parts
    const peer = peers.arrived(raw, isUnix)
    const wanted = {
      isHeaderDue: proxies?.trusts(peer) === true,
      isFirstByteDue: terminator !== undefined && allowsClearText,
    }
    // Whom a proxy speaks for, its header says first.
    if (!wanted.isHeaderDue && !this.#admits(raw)) return
    if (wanted.isHeaderDue || wanted.isFirstByteDue) this.#listen(raw, wanted)
    else this.#handOn(raw, terminator !== undefined)
  }

  /** For a server that drains: whose first bytes are on their way is still served, who is silent is not waited for. */
  closeSilent(): void {
    const nowMs = performance.now()
    for (const [raw, sinceMs] of this.#undecided) {
      if (nowMs - sinceMs > SILENCE_MS) raw.destroy()
    }
  }

  #listen(raw: Socket, wanted: Wanted): void {
    const { peers, onRefused, timeoutMs } = this.#parts
    let seen: Buffer = Buffer.alloc(0)
    const refuse = (reason: RefusedApproach): void => {
      const { address } = peers.of(raw)
      raw.destroy()
      onRefused(reason, address)
    }
    const hear = (): void => {
      const chunk: unknown = raw.read()
      if (!Buffer.isBuffer(chunk)) return
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
      const decision = this.#decide(seen, wanted)
      if (decision.kind === 'wait') return
      leave()
      if (decision.kind === 'refuse') {
        refuse('malformed PROXY header')
        return
      }
      if (wanted.isHeaderDue) {
        peers.speaksFor(raw, decision.address)
        if (!this.#admits(raw)) return
      }
      const rest = seen.subarray(decision.headerLength)
      if (rest.length > 0) raw.unshift(rest)
      this.#handOn(raw, decision.isTls)
    }
    const hangUp = (): void => void raw.destroy()
    const deadline = setTimeout(() => refuse('too slow'), timeoutMs)
    const leave = (): void => {
      clearTimeout(deadline)
      this.#undecided.delete(raw)
      raw.off('readable', hear).off('end', hangUp).off('error', hangUp).off('close', leave)
    }
    this.#undecided.set(raw, performance.now())
    raw.on('readable', hear).on('end', hangUp).on('error', hangUp).on('close', leave)
  }

  #admits(raw: Socket): boolean {
    const { peers, clientConnections, onRefused } = this.#parts
    const peer = peers.of(raw)
    if (clientConnections === undefined || clientConnections.admits(raw, peer)) return true
    raw.destroy()
    onRefused('too many connections of one client', peer.address)
    return false
  }

  #decide(seen: Buffer, { isHeaderDue, isFirstByteDue }: Wanted): Decision {
    const header = isHeaderDue
      ? readProxyHeader(seen)
      : ({ kind: 'complete', length: 0, source: undefined } as const)
    if (header.kind === 'incomplete') return { kind: 'wait' }
    if (header.kind === 'malformed') return { kind: 'refuse' }
    const first = seen[header.length]
    if (isFirstByteDue && first === undefined) return { kind: 'wait' }
    return {
      kind: 'go',
      headerLength: header.length,
      address: header.source?.address,
      isTls: isFirstByteDue ? first === TLS_HANDSHAKE : this.#parts.terminator !== undefined,
    }
  }

  #handOn(raw: Socket, isTls: boolean): void {
    const { terminator, onHttp } = this.#parts
    if (isTls && terminator !== undefined) terminator.accept(raw)
    else onHttp(raw)
  }
}
