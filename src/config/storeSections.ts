import {
  KEK_STORE_KIND_NAMES,
  KEK_STORE_KINDS,
  type KekStoreKind,
  type KekStoreSettings,
  kekStoreOf,
  sectionOfStore,
} from './kekStoreKinds.ts'
import { pluginMistakes } from './pluginChecks.ts'
import { secretstoreSuffixSection } from './sections/secretStores.ts'
import type { Setting } from './setting.ts'
import type { Mistake } from './settingsMistake.ts'
import type { SettingsResolver } from './settingsResolver.ts'
import type { SecretStoreSettings, Sections, Settings } from './settingsTable.ts'
import { kekStoreMistakes, storeMistakes } from './storeChecks.ts'

interface Stores {
  readonly settings: Pick<Settings, 'secretStores' | 'kekStores'>
  readonly mistakes: readonly Mistake[]
  readonly notices: readonly string[]
}

/**
 * The secret stores that are declared and the KEK stores behind them. Without several there is one KEK
 * store, that of [keyring]; it keeps its name when others come to stand beside it.
 */
export function resolveStores(sections: Sections, resolver: SettingsResolver): Stores {
  const { enable_multiple_secret_stores: isEnabled, stores_lookup_suffix: listed } =
    sections.secretstore
  if (!isEnabled) {
    const kind = sections.secretstore.kek_store
    const only = settingsOf(kind, sections)
    const kekStores = [only]
    return {
      settings: { secretStores: [], kekStores },
      mistakes: [...kekStoreMistakes(kekStores, resolver), ...pluginMistakes(kind, resolver)],
      notices: unusedKekNotice(sections, kekStores),
    }
  }
  const suffixes = [...new Set(listed.map((suffix) => suffix.toLowerCase()))]
  const secretStores = suffixes.map((suffix): SecretStoreSettings => {
    const section = resolver.section(`secretstore:${suffix}`, secretstoreSuffixSection)
    return { ...section, suffix, kekStoreName: kekStoreNameOf(section) }
  })
  const names = [...new Set(secretStores.map(({ kekStoreName }) => kekStoreName))]
  const kekStores = names.flatMap((name) => kekStoreNamed(name, sections, resolver) ?? [])
  const settings = { secretStores, kekStores }
  return {
    settings,
    mistakes: storeMistakes({ listed, sections, ...settings, resolver }),
    notices: unusedKekNotice(sections, kekStores),
  }
}

function kekStoreNameOf({
  kek_store: chosen,
  crypto_plugin: plugin,
}: Pick<SecretStoreSettings, 'kek_store' | 'crypto_plugin'>): string {
  if (chosen !== undefined) return chosen.toLowerCase()
  const isSpokenOf = (kind: KekStoreKind) =>
    (KEK_STORE_KINDS[kind].cryptoPlugins as readonly string[]).includes(plugin ?? '')
  return KEK_STORE_KIND_NAMES.find(isSpokenOf) ?? 'keyring'
}

function kekStoreNamed(
  fullName: string,
  sections: Sections,
  resolver: SettingsResolver,
): KekStoreSettings | undefined {
  const [first, name] = fullName.split(':', 2)
  const kind = KEK_STORE_KIND_NAMES.find((known) => known === first)
  if (kind === undefined) return undefined
  if (name === undefined) return settingsOf(kind, sections)
  const options = resolver.section(
    sectionOfStore(fullName),
    KEK_STORE_KINDS[kind].optionsOf(name) as Readonly<Record<string, Setting<unknown>>>,
  )
  // Those of its kind: the section was made of the kind's own options.
  return kekStoreOf(kind, fullName, options as unknown as KekStoreSettings['options'])
}

function settingsOf(kind: KekStoreKind, sections: Sections): KekStoreSettings {
  const section = kind === 'simple_crypto' ? 'simple_crypto_plugin' : kind
  return kekStoreOf(kind, kind, sections[section])
}

/** Keys of a Barbican that lie in the settings and protect nothing: somebody may believe they do. */
function unusedKekNotice(
  sections: Sections,
  kekStores: readonly KekStoreSettings[],
): readonly string[] {
  const { kek } = sections.simple_crypto_plugin
  if (kek.length === 0 || kekStores.some(({ kind }) => kind === 'simple_crypto')) return []
  return [
    "[simple_crypto_plugin] kek is not used: the KEKs are those of [keyring]. To have Barbican's keys wrap instead, write kek_store = simple_crypto in [secretstore] before the first start.",
  ]
}
