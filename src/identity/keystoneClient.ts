import { type Fault, unavailable } from '../lib/fault.ts'
import { decodeAnswer, type KeystoneAnswer } from './keystoneAnswer.ts'
import { type KeystoneHttp, type KeystoneResponse, KeystoneUnreachable } from './keystoneHttp.ts'
import type { KeystoneEvent } from './keystoneOptions.ts'
import type { ServiceSession } from './serviceSession.ts'

export interface KeystoneClientParts {
  readonly http: KeystoneHttp
  readonly session: ServiceSession
  readonly onEvent: (event: KeystoneEvent) => void
  readonly probeEveryMs?: number | undefined
}

/** While Keystone is away nobody waits for it: one probe in the background finds out when it is back. */
const PROBE_EVERY_MS = 1000

/** Asks Keystone about tokens, on behalf of the service user. */
export class KeystoneClient {
  readonly #http: KeystoneHttp
  readonly #session: ServiceSession
  readonly #onEvent: (event: KeystoneEvent) => void
  readonly #probeEveryMs: number
  #isAway = false
  #probe: NodeJS.Timeout | undefined

  constructor(parts: KeystoneClientParts) {
    this.#http = parts.http
    this.#session = parts.session
    this.#onEvent = parts.onEvent
    this.#probeEveryMs = parts.probeEveryMs ?? PROBE_EVERY_MS
  }

  /**
   * @returns undefined when Keystone does not know the token (revoked, expired, never issued)
   * @throws Fault('unavailable') when it cannot be asked or does not make sense
   */
  async validate(token: string, isExpiredAllowed: boolean): Promise<KeystoneAnswer | undefined> {
    if (this.#isAway) throw unavailable('Keystone is away.')
    const response = await this.#asked(() => this.#ask(token, isExpiredAllowed))
    if (response.status === 404) return undefined
    if (response.status !== 200) throw this.#useless(response.status)
    const answer = decodeAnswer(response.body)
    if (answer === undefined) {
      throw unavailable('Keystone answered something that is no token document.')
    }
    return answer
  }

  /** Can Keystone be asked? For /readyz. @throws Fault('unavailable') */
  async health(signal?: AbortSignal): Promise<void> {
    const response = await this.#asked(() =>
      this.#http.send({ method: 'GET', path: '', headers: {} }, signal),
    )
    if (response.status >= 500) throw this.#useless(response.status)
  }

  close(): void {
    clearTimeout(this.#probe)
    this.#http.close()
  }

  /** Once more with a new service token when Keystone refuses the one we have. */
  async #ask(token: string, isExpiredAllowed: boolean): Promise<KeystoneResponse> {
    const serviceToken = await this.#session.token()
    const first = await this.#askWith(serviceToken, token, isExpiredAllowed)
    if (first.status !== 401) return first
    this.#session.discard(serviceToken)
    return await this.#askWith(await this.#session.token(), token, isExpiredAllowed)
  }

  #askWith(
    serviceToken: string,
    token: string,
    isExpiredAllowed: boolean,
  ): Promise<KeystoneResponse> {
    return this.#http.send({
      method: 'GET',
      path: isExpiredAllowed ? '/auth/tokens?nocatalog&allow_expired=1' : '/auth/tokens?nocatalog',
      headers: {
        'X-Auth-Token': serviceToken,
        'X-Subject-Token': token,
        // Without this, Keystone hides tokens whose access rules we would have to enforce.
        'OpenStack-Identity-Access-Rules': '1.0',
      },
    })
  }

  /** Keeps account of whether Keystone is there. */
  async #asked(send: () => Promise<KeystoneResponse>): Promise<KeystoneResponse> {
    try {
      const response = await send()
      if (this.#isAway) this.#onEvent({ kind: 'back' })
      this.#isAway = false
      return response
    } catch (error) {
      if (!(error instanceof KeystoneUnreachable)) throw error
      if (!this.#isAway) this.#onEvent({ kind: 'away', reason: error.message })
      this.#isAway = true
      this.#probeLater()
      throw unavailable('Keystone cannot be reached.', error)
    }
  }

  #probeLater(): void {
    clearTimeout(this.#probe)
    this.#probe = setTimeout(() => {
      // What it finds is kept by #asked; a failure has set the next probe already.
      this.health().catch(() => undefined)
    }, this.#probeEveryMs).unref()
  }

  #useless(status: number): Fault {
    return unavailable(`Keystone answered ${status} when asked about a token.`)
  }
}
