import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../../lib/clock.ts'
import { Fault, unavailable } from '../../../lib/fault.ts'
import { randomFraction } from '../../../lib/randomFraction.ts'
import type { SecretReader } from '../protection.ts'
import type { HsmOpened, HsmRequest, OpenRequest } from './hsmMessages.ts'
import { HsmCorrupted, HsmLost, HsmProcess, HsmRefused, type HsmReply } from './hsmProcess.ts'

/** Between two tries to open a token that is away: at least half of these, at most all, by chance. */
const FIRST_REST_MS = 250
const LONGEST_REST_MS = 5_000
/** A call that lost its process is asked once more, of the next one: nothing that is asked here counts twice. */
const TRIES = 2

export interface HsmConnectionParts {
  readonly open: Omit<OpenRequest, 'isPinProven'>
  readonly readPin: SecretReader
  /** Of the process: what a vendor's library wants to be told. */
  readonly environment: Readonly<Record<string, string>>
  /** Of one call. */
  readonly timeoutMs: number
  /** Of loading the library, logging in and finding the KEKs. */
  readonly openTimeoutMs: number
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** 0 up to, not including, 1. */
  readonly random?: () => number
  /** @throws Error when the token that was found is not the one that is meant */
  readonly accept: (opened: HsmOpened) => void
  readonly onEvent?: ((event: 'opened' | { readonly lost: string }) => void) | undefined
  /** The PIN is tried whatever others did: it was put right. */
  readonly isPinProven?: boolean
}

interface Live {
  readonly process: HsmProcess
  readonly opened: HsmOpened
}

/**
 * The way to one token, through processes that come and go. Whoever asks while there is none waits for
 * the next one, which is started once for all of them; after a failure it is left alone for a while.
 */
export class HsmConnection {
  readonly #parts: HsmConnectionParts
  readonly #random: () => number
  #live: Live | undefined
  #opening: Promise<Live> | undefined
  #failures = 0
  #restUntilMs = 0
  #lastFailure: Error | undefined
  #refusedPin: Buffer | undefined
  #isPinProven = false
  #isClosed = false

  constructor(parts: HsmConnectionParts) {
    this.#parts = parts
    this.#random = parts.random ?? randomFraction
    this.#isPinProven = parts.isPinProven ?? false
  }

  /**
   * Does not keep or wipe `fields`: the caller does.
   * @throws Fault('corrupted') for what the token would open if it were what it wrapped
   * @throws Fault('unavailable') for everything else
   */
  async ask(
    request: HsmRequest,
    fields: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<HsmReply> {
    for (let tries = 1; ; tries += 1) {
      const live = await this.#present(signal)
      try {
        return await untilAborted(live.process.ask(request, fields, this.#parts.timeoutMs), signal)
      } catch (cause) {
        if (cause instanceof HsmCorrupted) throw new Fault('corrupted', cause.message, { cause })
        signal.throwIfAborted()
        if (!(cause instanceof HsmLost))
          throw unavailable(`The HSM answers ${reasonOf(cause)}.`, cause)
        this.#drop(live, cause.message)
        if (tries >= TRIES) throw unavailable(`The HSM is away: ${cause.message}`, cause)
      }
    }
  }

  /** Opens the token now. @throws HsmRefused, HsmLost */
  async open(): Promise<HsmOpened> {
    return (await this.#start()).opened
  }

  close(): void {
    this.#isClosed = true
    const live = this.#live
    this.#live = undefined
    live?.process.kill()
  }

  async #present(signal: AbortSignal): Promise<Live> {
    signal.throwIfAborted()
    if (this.#isClosed) throw unavailable('The HSM is closed.')
    const live = this.#live
    if (live !== undefined) {
      if (live.process.end === undefined) return live
      // It died while nobody asked anything.
      this.#drop(live, live.process.end.message)
    }
    const restMs = this.#restUntilMs - this.#parts.clock.monotonicMs()
    if (this.#opening === undefined && restMs > 0) throw this.#away(restMs)
    try {
      return await untilAborted(this.#start(), signal)
    } catch {
      signal.throwIfAborted()
      throw this.#away(this.#restUntilMs - this.#parts.clock.monotonicMs())
    }
  }

  #away(restMs: number): Fault {
    const seconds = Math.max(1, Math.ceil(restMs / 1000))
    const why = this.#lastFailure?.message ?? 'unknown'
    return unavailable(`The HSM is away: ${why}`, this.#lastFailure, seconds)
  }

  #start(): Promise<Live> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #open(): Promise<Live> {
    try {
      const live = await this.#openProcess()
      this.#failures = 0
      this.#restUntilMs = 0
      this.#live = live
      this.#parts.onEvent?.('opened')
      return live
    } catch (cause) {
      const longest = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** this.#failures)
      this.#failures += 1
      const restMs = longest * (0.5 + this.#random() / 2)
      this.#restUntilMs = this.#parts.clock.monotonicMs() + restMs
      this.#lastFailure = cause instanceof Error ? cause : new Error(String(cause))
      throw cause
    }
  }

  async #openProcess(): Promise<Live> {
    const { open, environment, openTimeoutMs, accept } = this.#parts
    const pin = await this.#pin()
    const process = new HsmProcess(environment)
    try {
      const request = { ...open, isPinProven: this.#isPinProven }
      const { value } = await process.ask(request, [pin], openTimeoutMs)
      this.#isPinProven = true
      // Written by our own process.
      const opened = value as HsmOpened
      accept(opened)
      if (this.#isClosed) throw new HsmLost('It was closed meanwhile.')
      return { process, opened }
    } catch (cause) {
      process.kill()
      if (cause instanceof HsmRefused && cause.isPin) {
        this.#refusedPin = digestOf(pin)
        this.#isPinProven = false
      }
      throw cause
    } finally {
      pin.fill(0)
    }
  }

  /** Never the one that was refused: only another one in its place is tried. */
  async #pin(): Promise<Buffer> {
    const pin = pinIn(await this.#parts.readPin())
    const refused = this.#refusedPin
    if (refused === undefined || !timingSafeEqual(refused, digestOf(pin))) return pin
    pin.fill(0)
    throw new HsmRefused(
      'The PIN was refused before and is still the same: it is not tried again.',
      true,
    )
  }

  #drop(live: Live, why: string): void {
    if (this.#live === live) {
      this.#live = undefined
      this.#parts.onEvent?.({ lost: why })
    }
    // Others may be under way in it, and come to an end.
    live.process.retire()
  }
}

/** A line break at its end is not part of it. */
function pinIn(bytes: Uint8Array): Buffer {
  let end = bytes.length
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end -= 1
  const pin = Buffer.allocUnsafeSlow(end)
  pin.set(bytes.subarray(0, end))
  bytes.fill(0)
  return pin
}

function digestOf(pin: Uint8Array): Buffer {
  return createHash('sha256').update(pin).digest()
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** What comes after is wiped: nobody is there to do it. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      work.then(wipe, () => undefined)
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function wipe(late: unknown): void {
  if (typeof late !== 'object' || late === null || !('bytes' in late)) return
  for (const field of late.bytes as readonly Uint8Array[]) field.fill(0)
}
