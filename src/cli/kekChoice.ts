import type { KekStoreSettings } from '../config/kekStoreKinds.ts'
import type { Settings } from '../config/settingsTable.ts'
import type { CapableKekStore, KekFacts, KnownKek } from '../domain/ports/kekChanges.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { EXIT_CODES } from './exitCodes.ts'
import { type Elsewhere, KEKS_ELSEWHERE } from './kekElsewhere.ts'

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

/** @throws StartupRefusal with what an operator does instead */
export function refuseUnable(
  { kind }: Pick<KekStoreSettings, 'kind'>,
  does: keyof Elsewhere,
): never {
  const instead = KEKS_ELSEWHERE[kind]?.[does] ?? 'do it where its keys are'
  throw new StartupRefusal(`A KEK store of kind ${kind} cannot do this from here: ${instead}.`)
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
export function kekToPromote(
  kekStore: CapableKekStore,
  given: string | undefined,
  known: readonly KnownKek[],
): KekFacts {
  if (given !== undefined) return kekNamed(kekStore, given)
  const { keks, currentKekId } = kekStore.describe()
  const current = keks.find(({ id }) => id === currentKekId)
  const isNewer =
    kekStore.follow === undefined
      ? ({ createdAt }: KekFacts) => createdAt > (current?.createdAt ?? '')
      : ({ id }: KekFacts) => wouldWrap(kekStore, id, known)
  const newer = keks.filter((kek) => kek.state === 'decrypt-only' && isNewer(kek))
  const [kek, another] = newer
  if (kek !== undefined && another === undefined) return kek
  throw usage(
    kek === undefined
      ? `${kekStore.name} has no KEK newer than its primary one: \`gatehouse kek generate\` makes one, or says how.`
      : 'Several KEKs are newer than the primary one: say which.',
  )
}

/** Do nodes with settings as these wrap under it, once the database has its canary? */
export function wouldWrap(
  kekStore: CapableKekStore,
  kekId: string,
  known: readonly KnownKek[],
): boolean {
  if (kekStore.follow === undefined) return true
  kekStore.follow([...known, { id: kekId, isRetired: false }])
  const { currentKekId } = kekStore.describe()
  kekStore.follow(known)
  return currentKekId === kekId
}

function usage(message: string): StartupRefusal {
  return new StartupRefusal(message, { exitCode: EXIT_CODES.usage.code })
}
