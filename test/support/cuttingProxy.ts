import { once } from 'node:events'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Where a connection is cut: `asked`, before the server hears what matches; `heard`, when the server has
 * been told and nobody waits for its answer; `answered`, when the answer came and is not passed on.
 */
export type CutAt = 'asked' | 'heard' | 'answered'

export interface Cut {
  readonly at: CutAt
  /** Given what the client sends, byte by byte as Latin-1. */
  readonly matches: (sent: string) => boolean
}

interface Pair {
  readonly client: Socket
  readonly server: Socket
  isDoomed: boolean
}

/** As MariaDB's protocol and PostgreSQL's frame the words; an isolation level ends otherwise. */
export const COMMIT = (sent: string): boolean =>
  sent.endsWith('\x03commit') || sent.endsWith('\x0bcommit\0')
export const BEGIN = (sent: string): boolean =>
  sent.endsWith('\x03start transaction') || sent.endsWith('\x0abegin\0')

/** Stands between Gatehouse and its database, and is the network at its worst. */
export class CuttingProxy {
  /** Added to each piece that passes, in both directions. */
  delayMs = 0
  /** What is to be cut next, first things first. */
  readonly cuts: Cut[] = []
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #cutCount = 0

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const server = dial(target, '127.0.0.1')
      const pair: Pair = { client, server, isDoomed: false }
      this.#pairs.add(pair)
      for (const socket of [client, server]) {
        socket.setNoDelay(true)
        socket.on('error', () => this.#end(pair))
        socket.on('close', () => this.#end(pair))
      }
      this.#forward(client, (chunk) => this.#fromClient(pair, chunk))
      this.#forward(server, (chunk) => this.#fromServer(pair, chunk))
    })
  }

  static async start(
    t: { after(work: () => Promise<void>): unknown },
    target: number,
  ): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    t.after(async () => {
      proxy.#server.close()
      proxy.cutAll()
    })
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('it does not listen')
    return address.port
  }

  /** How many connections were cut at what was asked for. */
  get cutCount(): number {
    return this.#cutCount
  }

  get connectionCount(): number {
    return this.#pairs.size
  }

  cutAll(): void {
    for (const pair of this.#pairs) this.#end(pair)
  }

  /** In their order, each after its delay. */
  #forward(from: Socket, pass: (chunk: Buffer) => void): void {
    let before: Promise<unknown> = Promise.resolve()
    from.on('data', (chunk: Buffer) => {
      if (this.delayMs === 0) pass(chunk)
      else before = Promise.all([before, delay(this.delayMs)]).then(() => pass(chunk))
    })
  }

  #fromClient(pair: Pair, chunk: Buffer): void {
    const [next] = this.cuts
    if (next?.matches(chunk.toString('latin1')) !== true) {
      pair.server.write(chunk)
      return
    }
    this.cuts.shift()
    this.#cutCount += 1
    if (next.at === 'asked') {
      this.#end(pair)
      return
    }
    pair.isDoomed = true
    pair.server.write(chunk, () => {
      if (next.at === 'heard') this.#end(pair)
    })
  }

  #fromServer(pair: Pair, chunk: Buffer): void {
    if (pair.isDoomed) this.#end(pair)
    else pair.client.write(chunk)
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair)
    pair.client.destroy()
    pair.server.destroy()
  }
}
