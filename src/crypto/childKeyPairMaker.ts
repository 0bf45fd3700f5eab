import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { extname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { KeyPairMaker } from '../domain/ports/crypto.ts'
import type { KeyPair, KeyPairRecipe } from '../model/keyPair.ts'
import { FrameReader, frameOf } from './keyPairFrames.ts'

/** How this process was told which OpenSSL provider to use. */
export interface OpenSslChoice {
  readonly flags: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface ChildKeyPairMakerOptions {
  /** DSA of 4096 bits has been seen to take half a minute on a busy core. */
  readonly timeoutMs?: number
  /** Keys are to come from the provider that everything else here comes from (docs/fips.md). */
  readonly openSsl?: OpenSslChoice
  /** With the process go the strings that PEM passed through. */
  readonly idleMs?: number
}

type Child = ChildProcessByStdio<Writable, Readable, null>

const TIMEOUT_MS = 180_000
const IDLE_MS = 10_000
const NONE = Buffer.alloc(0)

class ChildEnded extends Error {}

/** Key pairs from a niced process of their own: started when one is wanted, ended when none is. */
export class ChildKeyPairMaker implements KeyPairMaker {
  readonly #timeoutMs: number
  readonly #idleMs: number
  readonly #openSsl: OpenSslChoice
  #child: Child | undefined
  #idle: NodeJS.Timeout | undefined
  /** Resolves when the slot is free. */
  #slot: Promise<void> = Promise.resolve()

  constructor(options: ChildKeyPairMakerOptions = {}) {
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS
    this.#idleMs = options.idleMs ?? IDLE_MS
    this.#openSsl = options.openSsl ?? { flags: [], env: {} }
  }

  async make(
    recipe: KeyPairRecipe,
    passphrase: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<KeyPair> {
    const before = this.#slot
    const { promise: mine, resolve: free } = Promise.withResolvers<void>()
    this.#slot = mine
    await before
    clearTimeout(this.#idle)
    try {
      return await this.#makeInChild(recipe, passphrase ?? NONE, signal)
    } finally {
      this.#idle = setTimeout(() => this.stop(), this.#idleMs).unref()
      free()
    }
  }

  /** Ends the process, and with it a key pair in the making. */
  stop(): void {
    clearTimeout(this.#idle)
    const child = this.#child
    this.#child = undefined
    child?.kill('SIGKILL')
  }

  async #makeInChild(
    recipe: KeyPairRecipe,
    passphrase: Uint8Array,
    signal: AbortSignal,
  ): Promise<KeyPair> {
    signal.throwIfAborted()
    const wasIdle = this.#child !== undefined
    this.#child ??= this.#start()
    const child = this.#child
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)])
    const request = frameOf([Buffer.from(JSON.stringify(recipe)), passphrase])
    try {
      const answered = answerOf(child, inTime)
      child.stdin.write(request)
      return keyPairIn(await answered)
    } catch (error) {
      // Whatever it does now, nobody waits for it.
      if (this.#child === child) this.stop()
      // It may have died before it was asked, and nobody had noticed.
      if (!wasIdle || !(error instanceof ChildEnded)) throw error
      return await this.#makeInChild(recipe, passphrase, signal)
    } finally {
      request.fill(0)
    }
  }

  #start(): Child {
    const file = `keyPairChild${extname(import.meta.filename)}`
    const { flags, env } = this.#openSsl
    // Nothing else of our environment: it may hold the passwords of the settings.
    const child = spawn(process.execPath, [...flags, join(import.meta.dirname, file)], {
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const forget = () => {
      if (this.#child === child) this.#child = undefined
    }
    child.on('error', forget).on('exit', forget)
    // A process that died is noticed by its exit.
    child.stdin.on('error', () => undefined)
    child.stdout.on('error', () => undefined)
    return child
  }
}

/** The fields of its next answer. */
function answerOf(child: Child, signal: AbortSignal): Promise<readonly Buffer[]> {
  return new Promise((resolve, reject) => {
    const reader = new FrameReader()
    const finish = (settle: () => void): void => {
      child.off('error', onError).off('exit', onExit).stdout.off('data', onData)
      signal.removeEventListener('abort', onAbort)
      reader.wipe()
      settle()
    }
    const onData = (chunk: Buffer): void => {
      try {
        const fields = reader.push(chunk)
        if (fields !== undefined) finish(() => resolve(fields))
      } catch (error) {
        finish(() => reject(error))
      }
    }
    const onError = (cause: Error): void =>
      finish(() => reject(new Error('The maker of key pairs could not be started.', { cause })))
    const onExit = (code: number | null, ended: string | null): void =>
      finish(() => reject(new ChildEnded(`The maker of key pairs ended (${ended ?? code}).`)))
    const onAbort = (): void => finish(() => reject(signal.reason))
    child.on('error', onError).on('exit', onExit).stdout.on('data', onData)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

function keyPairIn([outcome, privateKey, publicKey]: readonly Buffer[]): KeyPair {
  if (String(outcome) === 'made' && privateKey !== undefined && publicKey !== undefined) {
    return { privateKey, publicKey }
  }
  throw new Error(`The maker of key pairs failed: ${String(privateKey ?? 'it said nothing')}`)
}
