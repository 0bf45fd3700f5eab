import { z } from 'zod'
import type { Clock } from '../../../lib/clock.ts'
import { SingleFlight } from '../../../lib/singleFlight.ts'
import { withDeadline } from '../../deadline.ts'
import { type VaultHttp, VaultRefusal } from './vaultHttp.ts'

/** How we become somebody. Secrets are read anew each time: agents and Kubernetes exchange them. */
export type VaultLogin =
  | { readonly method: 'token'; readonly token: () => string }
  | {
      readonly method: 'approle'
      readonly mount: string
      readonly roleId: string
      readonly secretId: () => string | undefined
    }
  | {
      readonly method: 'kubernetes'
      readonly mount: string
      readonly role: string
      readonly jwt: () => string
    }

export interface VaultSessionParts {
  readonly http: VaultHttp
  readonly login: VaultLogin
  readonly clock: Clock
  /** Calls back after a while unless it is called off; an unref'd timer unless a test has one of its own. */
  readonly later?: Later
}

export type Later = (ms: number, work: () => void) => () => void

interface Held {
  readonly token: string
  /** Infinity: it never ends. */
  readonly endsAtMs: number
  readonly isRenewable: boolean
}

const auth = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    lease_duration: z.number(),
    renewable: z.boolean(),
  }),
})
const ownToken = z.object({
  data: z.object({ ttl: z.number(), renewable: z.boolean().default(false) }),
})

const LOOK_UP = 'auth/token/lookup-self'
const TIMEOUT_MS = 10_000
/** A lease is renewed when two thirds of it are over, and looked at again soon when that failed. */
const RENEW_AFTER = 2 / 3
const RETRY_MS = 10_000
const MAX_WAIT_MS = 24 * 3600 * 1000
/** Whoever renews a token near its last end gains nothing but a rounded second: then a new one is better. */
const WORTH_MS = 1000

const byTimer: Later = (ms, work) => {
  const timer = setTimeout(work, ms)
  timer.unref()
  return () => clearTimeout(timer)
}

/** Our token at Vault: had by logging in, renewed in the background, had anew when it is refused. */
export class VaultSession {
  readonly #parts: VaultSessionParts
  readonly #flights = new SingleFlight<'token', Held>()
  #held: Held | undefined
  #callOff: () => void = () => undefined
  #isClosed = false

  constructor(parts: VaultSessionParts) {
    this.#parts = parts
  }

  /** @throws VaultRefusal, KmsUnreachable, StartupRefusal when a file with a secret is gone */
  async token(signal: AbortSignal): Promise<string> {
    const held = this.#held
    if (held !== undefined && this.#nowMs < held.endsAtMs) return held.token
    return (await this.#become(signal)).token
  }

  /** A token was refused: is there another one now? */
  async tokenInsteadOf(refused: string, signal: AbortSignal): Promise<string | undefined> {
    // Somebody else may have been faster, before we asked and while we do.
    const isOurs = () => this.#held?.token === refused
    if (isOurs()) {
      const { login } = this.#parts
      if (login.method === 'token' && login.token() === refused) return undefined
      // One that Vault knows lacks a policy; another of the same kind would lack it too.
      if (login.method !== 'token' && (await this.#isKnown(refused, signal))) return undefined
      if (isOurs()) this.#held = undefined
    }
    const token = await this.token(signal)
    return token === refused ? undefined : token
  }

  async #isKnown(token: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#parts.http.ask({ method: 'GET', path: LOOK_UP, token }, ownToken, signal)
      return true
    } catch (error) {
      if (error instanceof VaultRefusal) return false
      throw error
    }
  }

  close(): void {
    this.#isClosed = true
    this.#held = undefined
    this.#callOff()
  }

  get #nowMs(): number {
    return this.#parts.clock.monotonicMs()
  }

  /** Shared by all who wait; one who gives up waiting does not end it for the others. */
  async #become(signal: AbortSignal): Promise<Held> {
    const { promise, reject } = Promise.withResolvers<never>()
    const giveUp = () => reject(signal.reason)
    signal.addEventListener('abort', giveUp)
    try {
      const flight = this.#flights.run('token', () =>
        withDeadline(TIMEOUT_MS, (s) => this.#login(s)),
      )
      return await Promise.race([flight, promise])
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  async #login(signal: AbortSignal): Promise<Held> {
    const { http, login } = this.#parts
    switch (login.method) {
      case 'token': {
        const token = login.token()
        const question = { method: 'GET', path: LOOK_UP, token } as const
        const { data } = await http.ask(question, ownToken, signal)
        return this.#hold(token, data.ttl, data.renewable)
      }
      case 'approle': {
        const secretId = login.secretId()
        return await this.#loginAt(
          login.mount,
          { role_id: login.roleId, ...(secretId === undefined ? {} : { secret_id: secretId }) },
          signal,
        )
      }
      case 'kubernetes':
        return await this.#loginAt(login.mount, { role: login.role, jwt: login.jwt() }, signal)
    }
  }

  async #loginAt(
    mount: string,
    json: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Held> {
    const answer = await this.#parts.http.ask({ path: `auth/${mount}/login`, json }, auth, signal)
    const { client_token: token, lease_duration: seconds, renewable } = answer.auth
    return this.#hold(token, seconds, renewable)
  }

  /** @param seconds 0: it has no end */
  #hold(token: string, seconds: number, isRenewable: boolean): Held {
    const endsAtMs = seconds === 0 ? Number.POSITIVE_INFINITY : this.#nowMs + seconds * 1000
    const held = { token, endsAtMs, isRenewable }
    if (this.#isClosed) return held
    this.#held = held
    if (seconds > 0) this.#renewIn(seconds * 1000 * RENEW_AFTER)
    return held
  }

  #renewIn(ms: number): void {
    this.#callOff()
    if (this.#isClosed) return
    const { later = byTimer } = this.#parts
    this.#callOff = later(Math.min(ms, MAX_WAIT_MS), () => void this.#renew())
  }

  /** Never throws: whoever needs the token next is told what is wrong with it. */
  async #renew(): Promise<void> {
    const held = this.#held
    if (held === undefined || this.#isClosed) return
    try {
      const isEnough = held.isRenewable && (await this.#renewed(held))
      if (!isEnough) await this.#flights.run('token', () => this.#anew())
    } catch {
      this.#renewIn(RETRY_MS)
    }
  }

  async #anew(): Promise<Held> {
    return await withDeadline(TIMEOUT_MS, (signal) => this.#login(signal))
  }

  /** false: it was refused, or brought next to nothing */
  async #renewed({ token, endsAtMs }: Held): Promise<boolean> {
    const question = { path: 'auth/token/renew-self', token, json: {} }
    try {
      const { auth: given } = await withDeadline(TIMEOUT_MS, (signal) =>
        this.#parts.http.ask(question, auth, signal),
      )
      const seconds = given.lease_duration
      const gainedMs = this.#nowMs + seconds * 1000 - endsAtMs
      this.#hold(token, seconds, given.renewable)
      return gainedMs > WORTH_MS
    } catch (error) {
      if (error instanceof VaultRefusal) return false
      throw error
    }
  }
}
