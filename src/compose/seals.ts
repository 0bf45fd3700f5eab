import type { KeyObject } from 'node:crypto'
import { sharedKeyrings } from '../cli/sharedKeyrings.ts'
import type { Settings } from '../config/settingsTable.ts'
import { proveKekStore } from '../crypto/deployment.ts'
import { isSealed, readShareScheme, SealableKeyring } from '../crypto/kek/sealableKeyring.ts'
import { type SealEvent, SharedStores } from '../crypto/kek/shares/sharedStores.ts'
import type { KekStore } from '../domain/ports/crypto.ts'
import type { DeploymentRepository } from '../domain/ports/keyRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import { unavailable } from '../lib/fault.ts'
import type { Log } from '../lib/log.ts'
import type { Metrics } from '../ops/metrics.ts'
import type { Probe } from '../ops/readiness.ts'
import { UnsealListener } from '../ops/unsealListener.ts'

interface Parts {
  readonly kekStores: readonly KekStore[]
  readonly deployment: DeploymentRepository
  readonly deploymentId: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Of all projects, from memory. */
  readonly forgetAllKeys: () => void
  /** Whoever was kept away from this KEK store need not be any more. */
  readonly storeIsBack: (name: string) => void
}

/** Which KEK stores of this process wait for their shares, and what begins when they are open. */
export class Seals {
  readonly #parts: Parts
  readonly #keyrings: readonly SealableKeyring[]
  #waiting: (() => void)[] = []

  constructor(parts: Parts) {
    this.#parts = parts
    this.#keyrings = parts.kekStores.filter((store) => store instanceof SealableKeyring)
    parts.metrics.gauge(
      'gatehouse_sealed',
      'KEK stores of this process that wait for shares; while all do, /v1 answers 503.',
      () => this.sealedNames.length,
    )
  }

  get sealedNames(): readonly string[] {
    return this.#keyrings.filter((keyring) => keyring.isSealed).map(({ name }) => name)
  }

  /** True while no KEK store is open, so that nothing can be read or written. */
  get isSealed(): boolean {
    return this.#keyrings.length > 0 && this.#parts.kekStores.every(isSealed)
  }

  get probes(): readonly Probe[] {
    if (this.#keyrings.length === 0) return []
    return [
      {
        name: 'seal',
        // A node of which nothing can be had is taken out, also when all are: they say so themselves.
        isRequired: true,
        check: async () => {
          if (this.isSealed) throw unavailable('sealed: shares are wanted (gatehouse unseal)')
        },
      },
    ]
  }

  /** @throws StartupRefusal: it stays sealed */
  async unseal(name: string, key: KeyObject): Promise<void> {
    const keyring = this.#keyrings.find((one) => one.name === name)
    if (keyring === undefined || !keyring.isSealed) return
    const { deploymentId } = this.#parts
    await keyring.unseal(key, (opened) => proveKekStore(this.#parts, opened, deploymentId))
    this.#parts.storeIsBack(name)
    for (const start of this.#waiting.splice(0)) start()
  }

  seal(): void {
    for (const keyring of this.#keyrings) keyring.seal()
    this.#parts.forgetAllKeys()
  }

  /** Now, or once there is a key to work with. */
  whenOpen(start: () => void): void {
    if (this.isSealed) this.#waiting.push(start)
    else start()
  }
}

interface Gathering {
  readonly settings: Settings
  readonly log: Log
  readonly monotonicMs: () => number
  isSealed(name: string): boolean
  unseal(name: string, key: KeyObject): Promise<void>
  seal(): void
}

/** Where shares are brought to this process, or to the one whose workers serve; undefined where no keyring wants any. */
export function composeUnsealing(parts: Gathering): UnsealListener | undefined {
  const { settings, log, monotonicMs } = parts
  const keyrings = sharedKeyrings(settings)
  if (keyrings.length === 0) return undefined
  const unsealing = new SharedStores({
    stores: keyrings.map(({ name, path }) => ({
      name,
      readScheme: () => readShareScheme(path),
      isSealed: () => parts.isSealed(name),
      unseal: (key) => parts.unseal(name, key),
      seal: () => parts.seal(),
    })),
    monotonicMs,
    onEvent: (event) => tell(event, log),
  })
  return new UnsealListener({
    path: settings.gatehouse.unseal_socket,
    unsealing,
    onFailure: (error) =>
      log.error(
        { error: error instanceof Error ? error : new Error('something was thrown') },
        'unsealing failed',
      ),
  })
}

function tell(event: SealEvent, log: Log): void {
  switch (event.kind) {
    case 'shareTaken':
      log.info(
        { kekStore: event.store, have: event.have, threshold: event.threshold },
        'a share was brought',
      )
      return
    case 'shareRefused':
      log.warn({ reason: event.reason }, 'a share was refused')
      return
    case 'unsealed':
      log.info({ kekStore: event.store }, 'unsealed')
      return
    case 'unsealFailed':
      log.error({ kekStore: event.store, reason: event.reason }, 'it stays sealed')
      return
    case 'sealed':
      log.warn({}, 'sealed by hand: keys are forgotten')
  }
}
