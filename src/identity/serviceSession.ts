import { z } from 'zod'
import type { Clock } from '../lib/clock.ts'
import { unavailable } from '../lib/fault.ts'
import { SingleFlight } from '../lib/singleFlight.ts'
import { type KeystoneHttp, KeystoneUnreachable } from './keystoneHttp.ts'
import type { KeystoneEvent, ServiceUser } from './keystoneOptions.ts'
import { authRequestBody } from './serviceUserAuth.ts'

export interface ServiceSessionParts {
  readonly http: KeystoneHttp
  readonly serviceUser: ServiceUser
  readonly clock: Clock
  readonly onEvent: (event: KeystoneEvent) => void
}

interface ServiceToken {
  readonly token: string
  readonly expiresAtMs: number
  /** From here on a new one is fetched while this one still serves. */
  readonly renewAtMs: number
}

const issued = z.object({ token: z.object({ expires_at: z.iso.datetime() }) })

/** Refused credentials are not tried at every request: that would lock the service user out for good. */
const PAUSE_AFTER_REFUSAL_MS = 5000
const RENEW_AT_LATEST_MS = 300_000

/** The service user's own token: fetched when first needed, renewed before it ends. */
export class ServiceSession {
  readonly #parts: ServiceSessionParts
  readonly #flights = new SingleFlight<'token', string>()
  #current: ServiceToken | undefined
  #tryAgainAtMs = 0

  constructor(parts: ServiceSessionParts) {
    this.#parts = parts
  }

  /**
   * @throws Fault('unavailable') when Keystone refuses the service user
   * @throws KeystoneUnreachable
   */
  async token(): Promise<string> {
    const current = this.#current
    const nowMs = this.#parts.clock.epochMs()
    if (current === undefined || nowMs >= current.expiresAtMs) return await this.#fetched()
    if (nowMs >= current.renewAtMs && this.#mayTry()) {
      // The present token serves until the new one is there, and also if there will be none.
      this.#fetched().catch(() => undefined)
    }
    return current.token
  }

  /** Keystone refused this token; a newer one, fetched meanwhile, stays. */
  discard(token: string): void {
    if (this.#current?.token === token) this.#current = undefined
  }

  #mayTry(): boolean {
    return this.#parts.clock.monotonicMs() >= this.#tryAgainAtMs
  }

  #fetched(): Promise<string> {
    return this.#flights.run('token', () => this.#fetch())
  }

  async #fetch(): Promise<string> {
    const { http, serviceUser, clock, onEvent } = this.#parts
    if (!this.#mayTry()) throw unavailable('Keystone refused our service user a moment ago.')
    const response = await http
      .send({
        method: 'POST',
        path: '/auth/tokens?nocatalog',
        headers: {},
        body: authRequestBody(serviceUser),
      })
      .catch((error: unknown) => {
        this.#pause(error instanceof KeystoneUnreachable ? 1000 : 0)
        throw error
      })
    const token = response.headers['x-subject-token']
    if (response.status !== 201 || typeof token !== 'string') {
      this.#pause(PAUSE_AFTER_REFUSAL_MS)
      onEvent({ kind: 'serviceUserRefused', status: response.status })
      throw unavailable(`Keystone refuses our service user (${response.status}).`)
    }
    const expiresAtMs = expiryOf(response.body)
    const nowMs = clock.epochMs()
    const lifeMs = expiresAtMs - nowMs
    this.#current = {
      token,
      expiresAtMs,
      renewAtMs: expiresAtMs - Math.min(lifeMs / 4, RENEW_AT_LATEST_MS),
    }
    onEvent({ kind: 'serviceTokenRenewed', lifeSeconds: Math.floor(lifeMs / 1000) })
    return token
  }

  #pause(ms: number): void {
    this.#tryAgainAtMs = this.#parts.clock.monotonicMs() + ms
  }
}

function expiryOf(body: string): number {
  try {
    return Date.parse(issued.parse(JSON.parse(body)).token.expires_at)
  } catch (cause) {
    throw unavailable('Keystone issued a service token without a readable expiry.', cause)
  }
}
