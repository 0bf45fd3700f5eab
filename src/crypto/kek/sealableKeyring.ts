import type { KeyObject } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type {
  KekDescription,
  KekStore,
  SealableKekStore,
  WrappedKey,
} from '../../domain/ports/crypto.ts'
import type {
  KekFacts,
  KekGeneration,
  KekPromotion,
  KekReload,
  KekRetirement,
} from '../../domain/ports/kekChanges.ts'
import type { Clock } from '../../lib/clock.ts'
import { unavailable } from '../../lib/fault.ts'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { type KeyringFileRequest, openKeyringFile, readKeyringHeader } from './keyringFile.ts'
import type { KeyringFileKekStore } from './keyringFileKekStore.ts'
import { type KeyringHeader, protectionInWords } from './keyringForm.ts'
import type { ShareScheme } from './shares/shareScheme.ts'

export interface SealableKeyringParts {
  readonly name?: string
  readonly path: string
  readonly wantedFingerprints?: readonly string[]
  readonly clock: Clock
}

/** Somebody who brings a share comes within minutes, not within the second. */
const RETRY_AFTER_SECONDS = 30

export function isSealable(store: KekStore): store is SealableKekStore {
  return 'isSealed' in store
}

export function isSealed(store: KekStore): boolean {
  return isSealable(store) && store.isSealed
}

/** A keyring file sealed by shares: from the first line of the file, until somebody has its key. */
export class SealableKeyring
  implements SealableKekStore, KekGeneration, KekPromotion, KekRetirement, KekReload
{
  readonly name: string
  readonly #parts: SealableKeyringParts
  #header: KeyringHeader
  #opened: KeyringFileKekStore | undefined
  #isClosed = false

  private constructor(parts: SealableKeyringParts, header: KeyringHeader) {
    this.name = parts.name ?? 'keyring'
    this.#parts = parts
    this.#header = header
  }

  /** @throws StartupRefusal when there is no such keyring: nothing deals shares by itself */
  static async open(parts: SealableKeyringParts): Promise<SealableKeyring> {
    const header = await readKeyringHeader(parts.path)
    if (header === undefined) throw notThere(parts)
    schemeIn(parts.path, header)
    return new SealableKeyring(parts, header)
  }

  get isSealed(): boolean {
    return this.#opened === undefined
  }

  /**
   * @param prove is asked before anybody else may use it
   * @throws StartupRefusal when the key is not that of the file, or `prove` finds something
   */
  async unseal(key: KeyObject, prove: (opened: KekStore) => Promise<void>): Promise<void> {
    const { name, path, clock } = this.#parts
    const header = await readKeyringHeader(path)
    if (header === undefined) throw notThere(this.#parts)
    const request: KeyringFileRequest = {
      ...(name === undefined ? {} : { name }),
      path,
      protection: { kind: 'shares', key, scheme: schemeIn(path, header) },
      mayCreate: false,
      clock,
    }
    const opened = await openKeyringFile(request)
    try {
      await prove(opened)
    } catch (error) {
      await opened.close()
      throw error
    }
    this.#header = header
    this.#opened = opened
  }

  seal(): void {
    void this.#opened?.close()
    this.#opened = undefined
  }

  describe(): KekDescription {
    if (this.#opened !== undefined) return this.#opened.describe()
    const { keks, protection } = this.#header
    const primary = keks.find(({ state }) => state === 'primary')
    return {
      kind: 'keyring',
      currentKekId: primary?.id ?? '',
      keks,
      protection: protectionInWords(protection),
    }
  }

  async wrap(
    projectKey: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<WrappedKey> {
    return this.#open().wrap(projectKey, context, signal)
  }

  async unwrap(wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#open().unwrap(wrapped, context, signal)
  }

  async wrapUnder(
    kekId: string,
    bytes: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<WrappedKey> {
    return this.#open().wrapUnder(kekId, bytes, context, signal)
  }

  async health(signal: AbortSignal): Promise<void> {
    return this.#open().health(signal)
  }

  async generate(): Promise<KekFacts> {
    return this.#open().generate()
  }

  async promote(kekId: string): Promise<void> {
    return this.#open().promote(kekId)
  }

  async retire(kekId: string): Promise<void> {
    return this.#open().retire(kekId)
  }

  async destroy(kekId: string): Promise<void> {
    return this.#open().destroy(kekId)
  }

  /** A sealed one reads its file when it is opened. New shares for the same keys change nothing for who is open. */
  async reload(take: (found: KekDescription) => Promise<void>): Promise<'same' | 'changed'> {
    const opened = this.#opened
    if (opened === undefined) return 'same'
    const { path } = this.#parts
    const header = await readKeyringHeader(path)
    if (header === undefined) throw new Error(`The keyring ${path} is gone.`)
    const isDealtAnew = schemeIn(path, header).set !== schemeIn(path, this.#header).set
    if (!isDealtAnew) return opened.reload(take)
    if (isDeepStrictEqual(header.keks, opened.describe().keks)) return 'same'
    throw new Error(
      `The keyring ${path} has new shares and other keys: seal this server and bring the new shares.`,
    )
  }

  async close(): Promise<void> {
    this.seal()
    this.#isClosed = true
  }

  #open(): KeyringFileKekStore {
    if (this.#opened !== undefined) return this.#opened
    throw this.#isClosed
      ? unavailable('The keyring is closed.')
      : unavailable(`The KEK store ${this.name} is sealed.`, undefined, RETRY_AFTER_SECONDS)
  }
}

/** How the keyring at this path is shared now. @throws StartupRefusal when it is not, or not there */
export async function readShareScheme(path: string): Promise<ShareScheme> {
  const header = await readKeyringHeader(path)
  if (header === undefined) throw notThere({ path })
  return schemeIn(path, header)
}

function schemeIn(path: string, { protection }: KeyringHeader): ShareScheme {
  if (protection.kind === 'shares') return protection
  throw new StartupRefusal(
    `The keyring ${path} is protected by: ${protection.kind}. The configuration says: shares. \`gatehouse kek seal\` deals them.`,
  )
}

function notThere({
  path,
  wantedFingerprints = [],
}: Pick<SealableKeyringParts, 'path' | 'wantedFingerprints'>): StartupRefusal {
  return new StartupRefusal(
    wantedFingerprints.length > 0
      ? `There is no keyring at ${path}, but the database was used with one (fingerprint ${wantedFingerprints.join(', ')}): restore the keyring from a backup; a new one would open nothing.`
      : `There is no keyring at ${path}, and with protection = shares no start makes one: \`gatehouse kek seal --shares 5 --threshold 3\` makes it and deals the shares.`,
  )
}
