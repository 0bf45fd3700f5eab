import type { KekDescription } from '../../../domain/ports/crypto.ts'
import type { KnownKek } from '../../../domain/ports/kekChanges.ts'
import { Fault, unavailable } from '../../../lib/fault.ts'
import type { KekChoice } from '../keptKekStore.ts'
import {
  kekFacts,
  kekIdOf,
  newestKnown,
  newestVersion,
  type TransitKey,
  versionIn,
  versionsOf,
} from './transitKey.ts'

export interface TransitVersionsParts {
  readonly keyName: string
  readonly key: TransitKey
  readonly known: readonly KnownKek[]
  /** Looks at Vault what the key is now. @throws Fault('unavailable') */
  readonly read: (signal: AbortSignal) => Promise<TransitKey>
}

/**
 * The versions of a transit key: the newest that the database knows wraps. While it knows none, that is the one which was the
 * newest when we began.
 */
export class TransitVersions implements KekChoice {
  readonly #keyName: string
  readonly #read: TransitVersionsParts['read']
  readonly #first: number
  #key: TransitKey
  #known: readonly KnownKek[]

  constructor({ keyName, key, known, read }: TransitVersionsParts) {
    this.#keyName = keyName
    this.#read = read
    this.#first = newestVersion(key) ?? 0
    this.#key = key
    this.#known = known
  }

  /** What Vault told of it last. */
  get key(): TransitKey {
    return this.#key
  }

  get current(): string {
    return this.describe().currentKekId
  }

  describe(key = this.#key): Pick<KekDescription, 'currentKekId' | 'keks'> {
    const version = newestKnown(this.#keyName, key, this.#known) ?? this.#first
    return {
      currentKekId: kekIdOf(this.#keyName, version),
      keks: kekFacts(this.#keyName, key, version, this.#known),
    }
  }

  follow(known: readonly KnownKek[]): boolean {
    const before = JSON.stringify(this.describe())
    this.#known = known
    return JSON.stringify(this.describe()) !== before
  }

  /** From here on the key is this. */
  take(key: TransitKey): void {
    this.#key = key
  }

  async refresh(signal: AbortSignal): Promise<void> {
    this.#key = await this.#read(signal)
  }

  /** Another node may have made a version that this process has not heard of, and bounds are moved back as well. */
  async refuseUnknown(kekId: string, signal: AbortSignal): Promise<void> {
    const version = versionIn(this.#keyName, kekId)
    if (version === undefined) {
      throw new Fault('corrupted', `KEK ${kekId} is no version of the key ${this.#keyName}.`)
    }
    if (this.#known.some(({ id, isRetired }) => id === kekId && isRetired)) {
      throw new Fault('corrupted', `KEK ${kekId} is retired.`)
    }
    if (!this.#has(version) || version < this.#key.min_decryption_version) {
      await this.refresh(signal)
    }
    if (!this.#has(version)) {
      throw new Fault('corrupted', `The key ${this.#keyName} has no version ${version}.`)
    }
    const { min_decryption_version: least } = this.#key
    if (version >= least) return
    throw unavailable(
      `KEK ${kekId} is older than min_decryption_version (${least}) of the transit key.`,
    )
  }

  #has(version: number): boolean {
    return versionsOf(this.#key).includes(version)
  }
}
