import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { extname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { frameOf } from '../../keyPairFrames.ts'
import { FrameStream } from './frameStream.ts'
import type { HsmAnswer, HsmRequest, Numbered } from './hsmMessages.ts'

/** The process, and with it the library and the sessions, is of no more use. */
export class HsmLost extends Error {}

/** The HSM, or the configuration, is not fit. */
export class HsmRefused extends Error {
  readonly isPin: boolean

  constructor(message: string, isPin: boolean) {
    super(message)
    this.isPin = isPin
  }
}

/** It does not open, and something that does was opened to be sure. */
export class HsmCorrupted extends Error {}

export interface HsmReply {
  readonly value: unknown
  /** The caller's, to wipe. */
  readonly bytes: readonly Buffer[]
}

interface Waiting {
  readonly resolve: (reply: HsmReply) => void
  readonly reject: (cause: Error) => void
  readonly timer: NodeJS.Timeout
}

/** One process with the library in it, from its start to its end. */
export class HsmProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #waiting = new Map<number, Waiting>()
  readonly #stream = new FrameStream()
  #nextId = 1
  #ended: Error | undefined
  #isRetired = false

  /** @param environment all that the library sees of ours */
  constructor(environment: Readonly<Record<string, string>>) {
    const file = `pkcs11Child${extname(import.meta.filename)}`
    this.#child = spawn(process.execPath, [join(import.meta.dirname, file)], {
      env: environment,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    this.#child.on('error', (cause) => this.#end(new HsmLost(`It cannot be started: ${cause}`)))
    this.#child.on('exit', (code, by) => this.#end(new HsmLost(`It ended (${by ?? code}).`)))
    // A process that died is noticed by its exit.
    this.#child.stdin.on('error', () => undefined)
    this.#child.stdout.on('error', () => undefined)
    this.#child.stdout.on('data', (chunk: Buffer) => this.#read(chunk))
  }

  /** Why it is over; undefined while it is not. */
  get end(): Error | undefined {
    return this.#ended
  }

  /**
   * Does not keep or wipe `fields`: the caller does.
   * @throws HsmLost when it did not answer in time, died, or says that it has to start anew
   * @throws HsmRefused, HsmCorrupted; any other Error concerns this call alone
   */
  ask(request: HsmRequest, fields: readonly Uint8Array[], timeoutMs: number): Promise<HsmReply> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    const id = this.#nextId
    this.#nextId += 1
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new HsmLost(`No answer within ${timeoutMs} ms.`))
        this.#endIfIdle()
      }, timeoutMs)
      this.#waiting.set(id, { resolve, reject, timer })
      const header: Numbered<HsmRequest> = { ...request, id }
      const frame = frameOf([Buffer.from(JSON.stringify(header)), ...fields])
      this.#child.stdin.write(frame, () => frame.fill(0))
    })
  }

  /** Lets what is under way come to its end, each within its own time, and ends. */
  retire(): void {
    this.#isRetired = true
    this.#endIfIdle()
  }

  /** At once, wherever it is: a call that hangs in the library ends no other way. */
  kill(): void {
    this.#child.kill('SIGKILL')
    this.#end(new HsmLost('It was ended.'))
  }

  #read(chunk: Buffer): void {
    try {
      for (const [header, ...bytes] of this.#stream.push(chunk)) {
        // Written by our own process.
        this.#settle(JSON.parse(String(header)) as Numbered<HsmAnswer>, bytes)
      }
    } catch {
      this.kill()
    }
  }

  #settle(answer: Numbered<HsmAnswer>, bytes: readonly Buffer[]): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (waiting === undefined) {
      // Nobody waits any more.
      for (const field of bytes) field.fill(0)
      return
    }
    clearTimeout(waiting.timer)
    if (answer.outcome === 'done') waiting.resolve({ value: answer.value, bytes })
    else waiting.reject(errorOf(answer))
    this.#endIfIdle()
  }

  #endIfIdle(): void {
    if (this.#isRetired && this.#waiting.size === 0) this.kill()
  }

  #end(cause: Error): void {
    this.#ended ??= cause
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(cause)
    }
    this.#waiting.clear()
  }
}

function errorOf(answer: Exclude<HsmAnswer, { readonly outcome: 'done' }>): Error {
  switch (answer.outcome) {
    case 'corrupted':
      return new HsmCorrupted(answer.message)
    case 'lost':
      return new HsmLost(answer.message)
    case 'refused':
      return new HsmRefused(answer.message, answer.isPin)
    case 'failed':
      return new Error(answer.message)
  }
}
