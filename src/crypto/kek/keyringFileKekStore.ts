import { randomBytes } from 'node:crypto'
import type { KekDescription, KekStore, WrappedKey } from '../../domain/ports/crypto.ts'
import type {
  KekFacts,
  KekGeneration,
  KekPromotion,
  KekReload,
  KekRetirement,
} from '../../domain/ports/kekChanges.ts'
import type { Clock } from '../../lib/clock.ts'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { fingerprintOf, KEK_BYTES, KEK_ID_BYTES, Kek } from './kek.ts'
import { openKeyringBody, sealKeyring } from './keyringBody.ts'
import { type KeyringHeader, protectionInWords, splitKeyring } from './keyringForm.ts'
import { type KekSet, KeyringKekStore } from './keyringKekStore.ts'
import { holdingFile, markOfFile, readPrivateFile, replacePrivateFile } from './privateFile.ts'
import { type HeldProtection, holdSecret, type KeyringProtection } from './protection.ts'

export interface KeyringFileKekStoreParts {
  readonly name: string | undefined
  readonly path: string
  /** Its secret is read again for each change, and not kept in between. */
  readonly protection: KeyringProtection
  readonly clock: Clock
}

/** What stands in the file: facts, and behind them the keys end to end. */
interface Content {
  readonly facts: readonly KekFacts[]
  readonly keys: Uint8Array
}

/** A keyring whose file may change: by our own verbs, or because an operator brought another one. */
export class KeyringFileKekStore
  implements KekStore, KekGeneration, KekPromotion, KekRetirement, KekReload
{
  readonly name: string
  readonly #parts: KeyringFileKekStoreParts
  readonly #store: KeyringKekStore
  #mark: string | undefined

  private constructor(
    parts: KeyringFileKekStoreParts,
    store: KeyringKekStore,
    mark: string | undefined,
  ) {
    this.#parts = parts
    this.#store = store
    this.#mark = mark
    this.name = store.name
  }

  /** @param file the bytes of the file; they stay the caller's */
  static async open(
    parts: KeyringFileKekStoreParts,
    file: Buffer,
    held: HeldProtection,
  ): Promise<KeyringFileKekStore> {
    const mark = await markOfFile(parts.path)
    const set = await kekSetIn(parts, file, held)
    const { name } = parts
    const store = new KeyringKekStore({ ...(name === undefined ? {} : { name }), ...set })
    return new KeyringFileKekStore(parts, store, mark)
  }

  describe(): KekDescription {
    return this.#store.describe()
  }

  wrap(projectKey: Uint8Array, context: Uint8Array, signal: AbortSignal): Promise<WrappedKey> {
    return this.#store.wrap(projectKey, context, signal)
  }

  unwrap(wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#store.unwrap(wrapped, context, signal)
  }

  wrapUnder(
    kekId: string,
    bytes: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<WrappedKey> {
    return this.#store.wrapUnder(kekId, bytes, context, signal)
  }

  health(signal: AbortSignal): Promise<void> {
    return this.#store.health(signal)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async generate(): Promise<KekFacts> {
    const key = randomBytes(KEK_BYTES)
    const made: KekFacts = {
      id: randomBytes(KEK_ID_BYTES).toString('hex'),
      state: 'decrypt-only',
      createdAt: this.#parts.clock.now(),
      fingerprint: fingerprintOf(key),
    }
    try {
      await this.#change(({ facts, keys }) => ({
        facts: [...facts, made],
        keys: Buffer.concat([keys, key]),
      }))
    } finally {
      key.fill(0)
    }
    return made
  }

  async promote(kekId: string): Promise<void> {
    await this.#change(({ facts, keys }) => {
      const wanted = this.#wanted(facts, kekId)
      if (wanted.state === 'retired') throw this.#refusal(`KEK ${kekId} is retired.`)
      const state = (one: KekFacts): KekFacts['state'] => {
        if (one.id === kekId) return 'primary'
        return one.state === 'primary' ? 'decrypt-only' : one.state
      }
      return { facts: facts.map((one) => ({ ...one, state: state(one) })), keys: Buffer.from(keys) }
    })
  }

  async retire(kekId: string): Promise<void> {
    await this.#change(({ facts, keys }) => {
      if (this.#wanted(facts, kekId).state === 'primary') {
        throw this.#refusal(`KEK ${kekId} is primary: promote another one first.`)
      }
      const retired = facts.map((one) =>
        one.id === kekId ? { ...one, state: 'retired' as const } : one,
      )
      return { facts: retired, keys: Buffer.from(keys) }
    })
  }

  async destroy(kekId: string): Promise<void> {
    await this.#change(({ facts, keys }) => {
      const at = facts.findIndex(({ id }) => id === kekId)
      // Done already, or never here.
      if (at < 0) return { facts, keys: Buffer.from(keys) }
      if (facts[at]?.state !== 'retired') throw this.#refusal(`KEK ${kekId} is not retired.`)
      const [from, to] = [at * KEK_BYTES, (at + 1) * KEK_BYTES]
      return {
        facts: facts.toSpliced(at, 1),
        keys: Buffer.concat([keys.subarray(0, from), keys.subarray(to)]),
      }
    })
  }

  async reload(take: (found: KekDescription) => Promise<void>): Promise<'same' | 'changed'> {
    const { path } = this.#parts
    const mark = await markOfFile(path)
    if (mark !== undefined && mark === this.#mark) return 'same'
    const file = await readPrivateFile(path)
    if (file === undefined) throw new Error(`The keyring ${path} is gone.`)
    try {
      const set = await kekSetIn(this.#parts, file, await holdSecret(this.#parts.protection))
      const found = new KeyringKekStore(set).describe()
      await take(found)
      this.#store.replace(set)
      this.#mark = mark
      return 'changed'
    } finally {
      file.fill(0)
    }
  }

  /** Reads, changes, seals, and puts the new file in the place of the old one, which nobody else changed meanwhile. */
  async #change(work: (content: Content) => Content): Promise<void> {
    const { path } = this.#parts
    const protection = await holdSecret(this.#parts.protection)
    await holdingFile(path, async () => {
      const file = await readPrivateFile(path)
      if (file === undefined) throw this.#refusal('it is gone.')
      const keys = await openKeyringBody(path, splitKeyring(path, file), protection)
      let changed: Content | undefined
      let sealed: Buffer | undefined
      try {
        const { header } = splitKeyring(path, file)
        changed = work({ facts: header.keks, keys })
        sealed = await sealKeyring(changed.facts, changed.keys, protection)
        await replacePrivateFile(path, sealed, file)
        this.#store.replace(kekSetOf(changed, header.protection))
        this.#mark = await markOfFile(path)
      } finally {
        keys.fill(0)
        changed?.keys.fill(0)
        sealed?.fill(0)
        file.fill(0)
      }
    })
  }

  #wanted(facts: readonly KekFacts[], kekId: string): KekFacts {
    const wanted = facts.find(({ id }) => id === kekId)
    if (wanted === undefined) throw this.#refusal(`it has no KEK ${kekId}.`)
    return wanted
  }

  #refusal(what: string): StartupRefusal {
    return new StartupRefusal(`The keyring ${this.#parts.path}: ${what}`)
  }
}

async function kekSetIn(
  parts: KeyringFileKekStoreParts,
  file: Buffer,
  protection: HeldProtection,
): Promise<KekSet> {
  const { path } = parts
  const split = splitKeyring(path, file)
  const keys = await openKeyringBody(path, split, protection)
  try {
    return kekSetOf({ facts: split.header.keks, keys }, split.header.protection)
  } finally {
    keys.fill(0)
  }
}

function kekSetOf({ facts, keys }: Content, protection: KeyringHeader['protection']): KekSet {
  return {
    keks: facts.map(
      (one, index) => new Kek(one, keys.subarray(index * KEK_BYTES, (index + 1) * KEK_BYTES)),
    ),
    protection: protectionInWords(protection),
  }
}
