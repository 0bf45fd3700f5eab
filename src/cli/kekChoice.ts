import type { KekStoreSettings } from '../config/kekStoreKinds.ts'
import type { Settings } from '../config/settingsTable.ts'
import type { CapableKekStore, KekFacts } from '../domain/ports/kekChanges.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { EXIT_CODES } from './exitCodes.ts'

export function storeNamed({ kekStores }: Settings, name: string | undefined): KekStoreSettings {
  const names = kekStores.map((it) => it.name).join(', ')
  const [first, another] = kekStores
  if (name === undefined && first !== undefined && another === undefined) return first
  const found = kekStores.find((it) => it.name === name)
  if (found !== undefined) return found
  throw usage(
    name === undefined
      ? `There are several KEK stores (${names}): say which with --store.`
      : `There is no KEK store ${name}; there are ${names}.`,
  )
}

/** The parts of it that a verb needs. @throws StartupRefusal where this kind of store cannot */
export function able<Extra>(
  kekStore: CapableKekStore,
  ...methods: readonly (string & keyof Extra)[]
): Extra {
  const can = kekStore as unknown as Readonly<Record<string, unknown>>
  const missing = methods.filter((method) => typeof can[method] !== 'function')
  if (missing.length === 0) return kekStore as unknown as Extra
  const { kind } = kekStore.describe()
  throw new StartupRefusal(
    `A KEK store of kind ${kind} cannot do this from here (${missing.join(', ')}): do it where its keys are.`,
  )
}

export function kekNamed(kekStore: CapableKekStore, given: string): KekFacts {
  const found = kekStore
    .describe()
    .keks.filter(({ id, fingerprint }) => id === given || fingerprint.startsWith(given))
  const [kek, another] = found
  if (kek !== undefined && another === undefined) return kek
  throw usage(
    `${another === undefined ? 'No KEK' : 'More than one KEK'} of ${kekStore.name} has the id or fingerprint ${given}: \`gatehouse kek status\` lists them.`,
  )
}

/** The one that was made after the present one, where nothing is said. */
export function kekToPromote(kekStore: CapableKekStore, given: string | undefined): KekFacts {
  if (given !== undefined) return kekNamed(kekStore, given)
  const { keks, currentKekId } = kekStore.describe()
  const current = keks.find(({ id }) => id === currentKekId)
  const newer = keks.filter(
    ({ state, createdAt }) => state === 'decrypt-only' && createdAt > (current?.createdAt ?? ''),
  )
  const [kek, another] = newer
  if (kek !== undefined && another === undefined) return kek
  throw usage(
    kek === undefined
      ? `${kekStore.name} has no KEK newer than its primary one: \`gatehouse kek generate\` makes one.`
      : 'Several KEKs are newer than the primary one: say which.',
  )
}

function usage(message: string): StartupRefusal {
  return new StartupRefusal(message, { exitCode: EXIT_CODES.usage.code })
}
