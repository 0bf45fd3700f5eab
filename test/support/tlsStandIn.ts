import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { type Pki, pkiNamed } from './testPki.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

export interface StandInWishes {
  /** Whose certificates it has. */
  readonly name: string
  readonly respond: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  /** Of its clients. */
  readonly wantsCertificate?: boolean
}

/** A server over HTTPS that takes the place of a key server: it comes and goes, and has certificates of its own. */
export class TlsStandIn {
  readonly pki: Pki
  readonly #server: Server

  private constructor(pki: Pki, server: Server) {
    this.pki = pki
    this.#server = server
  }

  static async start(
    t: CleansUp,
    { name, respond, wantsCertificate = false }: StandInWishes,
  ): Promise<TlsStandIn> {
    const pki = await pkiNamed(name)
    const { certificate, key } = await pki.issue()
    const server = createServer({
      cert: certificate,
      key,
      ca: pki.caPem,
      requestCert: wantsCertificate,
      rejectUnauthorized: wantsCertificate,
    })
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      respond(request, response).catch(() => response.destroy())
    })
    const standIn = new TlsStandIn(pki, server)
    t.after(() => standIn.stop())
    await standIn.listen(0)
    return standIn
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get port(): number {
    const address = this.#server.address()
    return address === null || typeof address === 'string' ? 0 : address.port
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`
  }

  stop(): void {
    this.#server.close()
    this.dropConnections()
  }

  dropConnections(): void {
    this.#server.closeAllConnections()
  }
}
