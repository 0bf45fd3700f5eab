import { bindingMistakes } from './bindingChecks.ts'
import {
  KEK_STORE_KIND_NAMES,
  KEK_STORE_KINDS,
  type KekStoreSettings,
  kindOf,
  placeOf,
  sectionOfStore,
  storeOptionMistakes,
} from './kekStoreKinds.ts'
import type { Mistake } from './settingsMistake.ts'
import type { Origin } from './settingsResolver.ts'
import type { SecretStoreSettings, Sections } from './settingsTable.ts'
import { storeNameOf } from './storeName.ts'

interface Declared {
  /** As it stands in stores_lookup_suffix. */
  readonly listed: readonly string[]
  readonly sections: Sections
  readonly secretStores: readonly SecretStoreSettings[]
  readonly kekStores: readonly KekStoreSettings[]
  readonly resolver: Resolver
}

interface Resolver {
  originOf(section: string, option: string): Origin
  isBroken(section: string, option: string): boolean
}

/** Part of the names of sections, and in the rows of project keys. */
const NAME = /^[\w.-]{1,64}$/
const CRYPTO_PLUGINS = Object.values(KEK_STORE_KINDS).flatMap(({ cryptoPlugins }) => cryptoPlugins)

/** What is wrong with several secret stores, as far as it can be told without opening them. */
export function storeMistakes(declared: Declared): readonly Mistake[] {
  const { secretStores, kekStores, resolver } = declared
  const mistake = mistakesAt(resolver)
  const listMistake = wrongList(declared)
  if (listMistake !== undefined) {
    return [mistake('secretstore', 'stores_lookup_suffix', listMistake)]
  }
  const wrongDefault = wrongGlobalDefault(declared)
  return [
    ...secretStores.flatMap((store, index) =>
      wrongOptions(store, secretStores.slice(0, index), declared).map(([option, what]) =>
        mistake(`secretstore:${store.suffix}`, option, what),
      ),
    ),
    ...(wrongDefault === undefined
      ? []
      : [mistake('secretstore', 'stores_lookup_suffix', wrongDefault)]),
    ...sharedPlaces(kekStores).map(([name, option, what]) =>
      mistake(sectionOfStore(name), option, what),
    ),
    ...kekStoreMistakes(kekStores, resolver),
  ]
}

/** What is wrong with each KEK store by itself. */
export function kekStoreMistakes(
  kekStores: readonly KekStoreSettings[],
  resolver: Resolver,
): readonly Mistake[] {
  const mistake = mistakesAt(resolver)
  return kekStores.flatMap((store) =>
    storeOptionMistakes(store)
      .filter(([option]) => !resolver.isBroken(sectionOfStore(store.name), option))
      .map(([option, what]) => mistake(sectionOfStore(store.name), option, what)),
  )
}

function mistakesAt(resolver: Resolver) {
  return (section: string, option: string, what: string): Mistake => {
    const origin = resolver.originOf(section, option)
    const where = origin.kind === 'given' ? origin.where : 'settings'
    return { where, what: `[${section}] ${option} ${what}` }
  }
}

function wrongList({ listed }: Declared): string | undefined {
  if (listed.length === 0) {
    return 'is missing, and enable_multiple_secret_stores is true: list the endings of the sections, such as a,b for [secretstore:a] and [secretstore:b]'
  }
  const odd = listed.find((suffix) => !NAME.test(suffix))
  if (odd !== undefined) {
    return `holds ${JSON.stringify(odd.slice(0, 60))}; a suffix has 1 to 64 letters, digits, dots, dashes or underscores`
  }
  const lower = listed.map((suffix) => suffix.toLowerCase())
  const twice = lower.find((suffix, index) => lower.indexOf(suffix) !== index)
  return twice === undefined ? undefined : `names ${twice} twice; upper and lower case are the same`
}

function wrongGlobalDefault({ secretStores, resolver }: Declared): string | undefined {
  if (secretStores.some(({ suffix }) => resolver.isBroken(sectionOf(suffix), 'global_default'))) {
    return undefined
  }
  const defaults = secretStores.filter(({ global_default: isDefault }) => isDefault)
  if (defaults.length === 1) return undefined
  const wants = 'exactly one section must say global_default = true'
  return defaults.length === 0
    ? `names no global default among ${labels(secretStores)}: ${wants}`
    : `names ${defaults.length} global defaults (${labels(defaults)}): ${wants}`
}

/** Pairs of option and what is wrong with it. */
function wrongOptions(
  store: SecretStoreSettings,
  before: readonly SecretStoreSettings[],
  { sections }: Declared,
): readonly (readonly [option: string, what: string])[] {
  // Its section is missing or empty: one sentence about that is enough.
  if (store.secret_store_plugin === undefined) {
    return [['secret_store_plugin', 'is missing: write store_crypto']]
  }
  const name = storeNameOf(store, sections)
  const namesake = before.find((other) => storeNameOf(other, sections) === name)
  const checks: readonly (readonly [string, string | undefined])[] = [
    ['secret_store_plugin', wrongStorePlugin(store)],
    ['crypto_plugin', wrongCryptoPlugin(store)],
    ['kek_store', wrongKekStore(store, before)],
    [
      'name',
      namesake === undefined
        ? undefined
        : `is ${name}, and so is that of [${sectionOf(namesake.suffix)}]: give each a name of its own`,
    ],
  ]
  return [
    ...checks.flatMap(([option, what]) => (what === undefined ? [] : [[option, what] as const])),
    ...bindingMistakes(store, before, sections),
  ]
}

function wrongStorePlugin({ secret_store_plugin: plugin }: SecretStoreSettings) {
  if (plugin === undefined || plugin === 'store_crypto') return undefined
  return `is ${JSON.stringify(plugin.slice(0, 60))}, which keeps payloads elsewhere; here they lie sealed in the database (store_crypto), and kek_store says where the KEK is`
}

function wrongCryptoPlugin({ crypto_plugin: plugin }: SecretStoreSettings) {
  if (plugin === undefined || CRYPTO_PLUGINS.some((known) => known === plugin)) return undefined
  return `is ${JSON.stringify(plugin.slice(0, 60))}; this release has KEK stores for ${CRYPTO_PLUGINS.join(', ')}`
}

function wrongKekStore(
  { suffix, kek_store: chosen, kekStoreName }: SecretStoreSettings,
  before: readonly SecretStoreSettings[],
): string | undefined {
  const [kind, name, ...more] = kekStoreName.split(':')
  const isKnown = KEK_STORE_KIND_NAMES.some((known) => known === kind)
  const isNamed = more.length === 0 && (name === undefined || NAME.test(name))
  if (!isKnown || !isNamed) {
    const wants = KEK_STORE_KIND_NAMES.map((known) => `${known} or ${known}:NAME`).join(', ')
    return `is ${JSON.stringify((chosen ?? '').slice(0, 60))}; it wants ${wants}`
  }
  const other = before.find((store) => store.kekStoreName === kekStoreName)
  if (other === undefined) return undefined
  return `is ${kekStoreName}, which [${sectionOf(other.suffix)}] has already: two secret stores want two KEK stores, such as kek_store = ${kind}:${suffix} and a section [${kind}:${suffix}]`
}

function sharedPlaces(
  kekStores: readonly KekStoreSettings[],
): readonly (readonly [name: string, option: string, what: string])[] {
  return kekStores.flatMap((store, index) => {
    const { kind, name } = store
    const { distinct } = kindOf(store)
    if (distinct === undefined) return []
    const other = kekStores
      .slice(0, index)
      .find((before) => before.kind === kind && placeOf(before) === placeOf(store))
    if (other === undefined) return []
    const what = `is ${placeOf(store)}, and so is that of [${other.name}]: two KEK stores want two`
    return [[name, distinct, what]]
  })
}

function labels(stores: readonly SecretStoreSettings[]): string {
  return stores.map(({ suffix }) => `[${sectionOf(suffix)}]`).join(', ')
}

function sectionOf(suffix: string): string {
  return `secretstore:${suffix}`
}
