import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from '../../peers/freePort.ts'

/** A way to a server that can be cut, as a network is, without touching the server. */
export class Relay {
  readonly port: number
  readonly #target: number
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  private constructor(port: number, target: number) {
    this.port = port
    this.#target = target
  }

  static async to(target: number): Promise<Relay> {
    const relay = new Relay(await freePort(), target)
    await relay.mend()
    return relay
  }

  async mend(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(this.#target, '127.0.0.1')
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket)
        socket.pipe(other)
        socket.on('error', () => undefined)
        socket.once('close', () => {
          this.#sockets.delete(socket)
          other.destroy()
        })
      }
    })
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.port, '127.0.0.1', resolve)
    })
  }

  cut(): void {
    this.#server?.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}
