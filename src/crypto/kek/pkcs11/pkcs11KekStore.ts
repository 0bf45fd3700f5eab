import type {
  KekDescription,
  KekStore,
  WrappedKey,
  WrapsUnderAny,
} from '../../../domain/ports/crypto.ts'
import { Fault, unavailable } from '../../../lib/fault.ts'
import { KEK_BYTES } from '../kek.ts'
import type { HsmConnection } from './hsmConnection.ts'
import type { HsmKek, HsmOpened } from './hsmMessages.ts'

export interface Pkcs11KekStoreParts {
  readonly name: string
  readonly connection: HsmConnection
  /** What the token was when it was first opened: which KEKs there are does not change while we run. */
  readonly opened: HsmOpened
}

/** KEKs that never leave an HSM. Project keys go there to be wrapped and unwrapped. */
export class Pkcs11KekStore implements KekStore, WrapsUnderAny {
  readonly name: string
  readonly #connection: HsmConnection
  readonly #description: KekDescription

  constructor({ name, connection, opened }: Pkcs11KekStoreParts) {
    this.name = name
    this.#connection = connection
    this.#description = descriptionOf(opened)
  }

  describe(): KekDescription {
    return this.#description
  }

  wrap(projectKey: Uint8Array, context: Uint8Array, signal: AbortSignal): Promise<WrappedKey> {
    return this.wrapUnder(this.#description.currentKekId, projectKey, context, signal)
  }

  async wrapUnder(
    kekId: string,
    projectKey: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<WrappedKey> {
    if (projectKey.length !== KEK_BYTES) {
      throw new Error(`An HSM wraps ${KEK_BYTES} bytes, not ${projectKey.length}.`)
    }
    const asked = this.#connection.ask({ verb: 'wrap', kekId }, [projectKey, context], signal)
    return { kekId, blob: only((await asked).bytes) }
  }

  async unwrap(wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { kekId, blob } = wrapped
    if (this.#description.keks.every(({ id }) => id !== kekId)) {
      throw new Fault('corrupted', `No KEK ${kekId} is among those of ${this.name}.`)
    }
    const asked = this.#connection.ask({ verb: 'unwrap', kekId }, [blob, context], signal)
    return only((await asked).bytes)
  }

  async health(signal: AbortSignal): Promise<void> {
    await this.#connection.ask({ verb: 'health' }, [], signal)
  }

  async close(): Promise<void> {
    this.#connection.close()
  }
}

function only([bytes]: readonly Buffer[]): Buffer {
  if (bytes === undefined) throw unavailable('The HSM answered nothing.')
  return bytes
}

function descriptionOf({ token, mechanism, keks }: HsmOpened): KekDescription {
  const [current] = keks
  if (current === undefined) throw new Error('A token without KEK was opened.')
  const labels = keks.map((kek) => `${kek.label}${kek === current ? '' : ' (opens only)'}`)
  const leaks = keks.filter(isLoose).map(({ label }) => label)
  return {
    kind: 'pkcs11',
    currentKekId: current.id,
    keks: keks.map((kek) => ({
      id: kek.id,
      state: kek === current ? 'primary' : 'decrypt-only',
      fingerprint: kek.fingerprint,
      createdAt: kek.startDate ?? 'unknown',
    })),
    protection: [
      `HSM token ${token.label}, serial number ${token.serial} (${token.manufacturer}), ${mechanism}, labels ${labels.join(', ')}`,
      ...(leaks.length === 0 ? [] : [`${leaks.join(', ')} may leave the token`]),
    ].join('; '),
  }
}

/** Its attributes let it out of the token. */
export function isLoose({ isExtractable, isSensitive }: HsmKek): boolean {
  return isExtractable || !isSensitive
}
