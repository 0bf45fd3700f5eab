import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { TAG } from '../../src/crypto/kek/kmip/kmipNames.ts'
import { decodeTtlv, encodeTtlv, type Ttlv } from '../../src/crypto/kek/kmip/ttlv.ts'
import { type Pki, pkiNamed } from './testPki.ts'

interface CleansUp {
  after(work: () => void): unknown
}

/** What the server does with a question; undefined: what it should. */
export type KmipMood = (question: Buffer, socket: TLSSocket) => Buffer | 'silence' | undefined

/**
 * As much of a KMIP server as the store asks for, so that a test can make it lie. It reads and writes with our
 * own codec: that this is KMIP is shown with PyKMIP.
 */
export class FakeKmip {
  readonly pki: Pki
  versions: readonly (readonly [major: number, minor: number])[] = [
    [1, 4],
    [1, 3],
    [1, 2],
  ]
  mood: KmipMood = () => undefined
  bindsContext = true
  readonly keyId = randomBytes(8).toString('hex')
  /** What clients said their name and password were, `name:password`. */
  readonly credentials: string[] = []
  connections = 0
  readonly #server: Server
  readonly #kek = randomBytes(32)
  readonly #sockets = new Set<TLSSocket>()

  private constructor(pki: Pki, server: Server) {
    this.pki = pki
    this.#server = server
    server.on('secureConnection', (socket) => this.#serve(socket))
  }

  static async start(t: CleansUp): Promise<FakeKmip> {
    const pki = await pkiNamed('kmip')
    const { certificate, key } = await pki.issue()
    const fake = new FakeKmip(pki, createServer({ cert: certificate, key, ca: pki.caPem }))
    t.after(() => fake.stop())
    fake.#server.listen(0, '127.0.0.1')
    await once(fake.#server, 'listening')
    return fake
  }

  get place() {
    const address = this.#server.address()
    const port = address === null || typeof address === 'string' ? 0 : address.port
    return { host: '127.0.0.1', port, tls: () => ({ ca: this.pki.caPem }) }
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  stop(): void {
    this.#server.close()
    this.dropConnections()
  }

  #serve(socket: TLSSocket): void {
    this.connections += 1
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined)
    let received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 8 || received.length < 8 + received.readUInt32BE(4)) return
      const question = received
      received = Buffer.alloc(0)
      const answer = this.mood(question, socket) ?? this.#answer(decodeTtlv(question))
      if (answer !== 'silence') socket.write(answer)
    })
  }

  #answer(question: Ttlv): Buffer {
    const header = inside(question, TAG.requestHeader)
    const name = find(header, TAG.username)
    const password = find(header, TAG.password)
    if (name?.type === 'text' && password?.type === 'text') {
      this.credentials.push(`${name.value}:${password.value}`)
    }
    const [major, minor] = [TAG.protocolVersionMajor, TAG.protocolVersionMinor].map((tag) => {
      const part = find(header, tag)
      return part?.type === 'integer' ? part.value : -1
    })
    if (!this.versions.some(([one, other]) => one === major && other === minor)) {
      return refusal(0x04, 'unsupported protocol version')
    }
    const item = inside(question, TAG.batchItem)
    const operation = inside(item, TAG.operation)
    const payload = inside(item, TAG.requestPayload)
    try {
      const answer = this.#done(operation.type === 'enumeration' ? operation.value : 0, payload)
      return message(
        { tag: TAG.resultStatus, type: 'enumeration', value: 0 },
        { tag: TAG.responsePayload, type: 'structure', items: answer },
      )
    } catch {
      return refusal(0x0a, 'it does not open')
    }
  }

  #done(operation: number, payload: Ttlv): readonly Ttlv[] {
    const given = (tag: number) => bytesOf(inside(payload, tag))
    switch (operation) {
      case 0x1e:
        return this.versions.map(([major, minor]) => ({
          tag: TAG.protocolVersion,
          type: 'structure',
          items: [
            { tag: TAG.protocolVersionMajor, type: 'integer', value: major },
            { tag: TAG.protocolVersionMinor, type: 'integer', value: minor },
          ],
        }))
      case 0x08:
        return [{ tag: TAG.uniqueIdentifier, type: 'text', value: this.keyId }]
      case 0x0b:
        return this.versions.some(([major]) => major === 2)
          ? [{ tag: TAG.attributes, type: 'structure', items: [] }]
          : []
      case 0x1f: {
        const isGcm = find(payload, TAG.additionalData) !== undefined
        const nonce = given(TAG.ivCounterNonce)
        if (!isGcm) {
          const cbc = createCipheriv('aes-256-cbc', this.#kek, nonce)
          return [bytes(TAG.data, Buffer.concat([cbc.update(given(TAG.data)), cbc.final()]))]
        }
        const cipher = createCipheriv('aes-256-gcm', this.#kek, nonce)
        if (this.bindsContext) cipher.setAAD(given(TAG.additionalData))
        const sealed = Buffer.concat([cipher.update(given(TAG.data)), cipher.final()])
        return [bytes(TAG.data, sealed), bytes(TAG.authenticationTag, cipher.getAuthTag())]
      }
      default: {
        const decipher = createDecipheriv('aes-256-gcm', this.#kek, given(TAG.ivCounterNonce), {
          authTagLength: 16,
        })
        if (this.bindsContext) decipher.setAAD(given(TAG.additionalData))
        decipher.setAuthTag(given(TAG.authenticationTag))
        const opened = Buffer.concat([decipher.update(given(TAG.data)), decipher.final()])
        return [bytes(TAG.data, opened)]
      }
    }
  }
}

/** @param reason as KMIP numbers them */
export function refusal(reason: number, text: string): Buffer {
  return message(
    { tag: TAG.resultStatus, type: 'enumeration', value: 1 },
    { tag: TAG.resultReason, type: 'enumeration', value: reason },
    { tag: TAG.resultMessage, type: 'text', value: text },
  )
}

export function message(...items: readonly Ttlv[]): Buffer {
  return encodeTtlv({
    tag: TAG.responseMessage,
    type: 'structure',
    items: [
      { tag: TAG.responseHeader, type: 'structure', items: [] },
      { tag: TAG.batchItem, type: 'structure', items },
    ],
  })
}

function bytes(tag: number, value: Uint8Array): Ttlv {
  return { tag, type: 'bytes', value }
}

function inside(item: Ttlv, tag: number): Ttlv {
  const found = find(item, tag)
  if (found === undefined) throw new Error(`no 0x${tag.toString(16)}`)
  return found
}

/** At any depth. */
function find(item: Ttlv, tag: number): Ttlv | undefined {
  if (item.tag === tag) return item
  if (item.type !== 'structure') return undefined
  for (const inner of item.items) {
    const found = find(inner, tag)
    if (found !== undefined) return found
  }
  return undefined
}

function bytesOf(item: Ttlv): Uint8Array {
  return item.type === 'bytes' ? item.value : new Uint8Array()
}
