import type { KnownKek } from '../../../domain/ports/kekChanges.ts'
import { unavailable } from '../../../lib/fault.ts'
import { ConfiguredKeks, type NamedKek } from '../configuredKeks.ts'
import { type Keeper, type KeptKekStore, keptKekStore } from '../keptKekStore.ts'
import type { HsmConnection } from './hsmConnection.ts'
import type { HsmKek, HsmOpened } from './hsmMessages.ts'

export interface Pkcs11KekStoreParts {
  readonly name: string
  readonly connection: HsmConnection
  /** What the token was when it was first opened: which KEKs there are does not change while we run. */
  readonly opened: HsmOpened
  readonly known: readonly KnownKek[]
}

/** KEKs that never leave an HSM. */
export function pkcs11KekStore({
  name,
  connection,
  opened,
  known,
}: Pkcs11KekStoreParts): KeptKekStore {
  const [wanted, ...others] = opened.keks.map(named)
  if (wanted === undefined) throw new Error('A token without KEK was opened.')
  const keks = new ConfiguredKeks([wanted, ...others], known)
  return keptKekStore({
    name,
    kind: 'pkcs11',
    keeper: hsmKeeper(connection),
    keks,
    protection: () => protectionOf(opened, keks.current),
  })
}

function hsmKeeper(connection: HsmConnection): Keeper {
  return {
    // The process at the HSM knows the forms, and the blame is found there.
    refuseMisshapen: () => undefined,
    blameOf: () => 'keeper',
    wrap: async (kekId, key, context, signal) =>
      only((await connection.ask({ verb: 'wrap', kekId }, [key, context], signal)).bytes),
    unwrap: async ({ kekId, blob }, context, signal) =>
      only((await connection.ask({ verb: 'unwrap', kekId }, [blob, context], signal)).bytes),
    async health(_, signal) {
      await connection.ask({ verb: 'health' }, [], signal)
    },
    close: () => connection.close(),
  }
}

function only([bytes]: readonly Buffer[]): Buffer {
  if (bytes === undefined) throw unavailable('The HSM answered nothing.')
  return bytes
}

function named({ id, fingerprint, startDate }: HsmKek): NamedKek {
  return { id, fingerprint, createdAt: startDate ?? 'unknown' }
}

function protectionOf({ token, mechanism, keks }: HsmOpened, currentKekId: string): string {
  const labels = keks.map(({ id, label }) =>
    id === currentKekId ? label : `${label} (opens only)`,
  )
  const leaks = keks.filter(isLoose).map(({ label }) => label)
  return [
    `HSM token ${token.label}, serial number ${token.serial} (${token.manufacturer}), ${mechanism}, labels ${labels.join(', ')}`,
    ...(leaks.length === 0 ? [] : [`${leaks.join(', ')} may leave the token`]),
  ].join('; ')
}

/** Its attributes let it out of the token. */
export function isLoose({ isExtractable, isSensitive }: HsmKek): boolean {
  return isExtractable || !isSensitive
}
