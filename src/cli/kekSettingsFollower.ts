import { isDeepStrictEqual } from 'node:util'
import type { KekStoreSettings } from '../config/kekStoreKinds.ts'
import type { Settings } from '../config/settingsTable.ts'
import { refuseUnfitKeks, refuseWrongCanary } from '../crypto/deployment.ts'
import { ReplaceableKekStore } from '../crypto/kek/replaceableKekStore.ts'
import type { KekEvent } from '../crypto/kekFollower.ts'
import type { KeyringEvent } from '../crypto/keyringEvent.ts'
import type { CapableKekStore } from '../domain/ports/kekChanges.ts'
import type { DeploymentRepository } from '../domain/ports/keyRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import { openKekStore } from './openKekStore.ts'

export interface KekSettingsFollowerParts {
  /** Those that the stores were opened with. */
  readonly settings: Pick<Settings, 'kekStores'>
  /** @throws SettingsRefused */
  readonly readSettings: () => Pick<Settings, 'kekStores'>
  readonly kekStores: readonly CapableKekStore[]
  readonly deployment: Pick<DeploymentRepository, 'read'>
  readonly deploymentId: string
  readonly clock: Clock
  readonly onEvent: (event: KekEvent) => void
  readonly onKeyringEvent: (event: KeyringEvent) => void
}

/**
 * Opens a KEK store anew under changed settings, proves it as a start does, and puts it in the place of the one in use
 * (ADR 0058). Whatever speaks against it leaves everything as it was.
 */
export class KekSettingsFollower {
  readonly #parts: KekSettingsFollowerParts
  readonly #inForce: Map<string, KekStoreSettings>
  #looking: Promise<void> = Promise.resolve()

  constructor(parts: KekSettingsFollowerParts) {
    this.#parts = parts
    this.#inForce = new Map(parts.settings.kekStores.map((one) => [one.name, one]))
  }

  /** Never rejects; one look after the other. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookAtAll())
    return this.#looking
  }

  async stop(): Promise<void> {
    await this.#looking
  }

  async #lookAtAll(): Promise<void> {
    const { kekStores, readSettings, onEvent } = this.#parts
    const replaceable = kekStores.filter((store) => store instanceof ReplaceableKekStore)
    if (replaceable.length === 0) return
    let wanted: readonly KekStoreSettings[]
    try {
      wanted = readSettings().kekStores
    } catch (cause) {
      const reason = `the settings cannot be used: ${sentenceOf(cause)}`
      for (const { name: store } of replaceable) onEvent({ type: 'refused', store, reason })
      return
    }
    for (const kekStore of replaceable) await this.#lookAt(kekStore, wanted)
  }

  async #lookAt(kekStore: ReplaceableKekStore, wanted: readonly KekStoreSettings[]): Promise<void> {
    const { onEvent } = this.#parts
    const { name: store } = kekStore
    const settings = wanted.find(({ name }) => name === store)
    if (isDeepStrictEqual(settings, this.#inForce.get(store))) return
    try {
      if (settings === undefined) throw new Error('the settings have no such store any more')
      const opened = await this.#proven(settings)
      await kekStore.replace(opened)
      this.#inForce.set(store, settings)
      onEvent({ type: 'taken', store, keks: kekStore.describe() })
    } catch (cause) {
      onEvent({ type: 'refused', store, reason: sentenceOf(cause) })
    }
  }

  /** @throws Error when it is not the store that this database was used with */
  async #proven(settings: KekStoreSettings): Promise<CapableKekStore> {
    const { deployment, deploymentId, clock, onKeyringEvent } = this.#parts
    const state = await deployment.read()
    const around = { deployment: state, mayCreate: false, clock, onEvent: onKeyringEvent }
    const opened = await openKekStore(settings, around)
    try {
      refuseUnfitKeks(state.canaries, settings.name, opened.describe())
      for (const canary of state.canaries) await refuseWrongCanary(canary, opened, deploymentId)
      return opened
    } catch (cause) {
      await opened.close()
      throw cause
    }
  }
}

function sentenceOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
