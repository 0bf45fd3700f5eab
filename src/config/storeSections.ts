import {
  KEK_STORE_KIND_NAMES,
  KEK_STORE_KINDS,
  type KekStoreKind,
  type KekStoreSettings,
  kekStoreOf,
} from './kekStoreKinds.ts'
import { pluginMistakes } from './pluginChecks.ts'
import { secretstoreSuffixSection } from './sections/secretStores.ts'
import type { Mistake } from './settingsMistake.ts'
import type { SettingsResolver } from './settingsResolver.ts'
import type { SecretStoreSettings, Sections, Settings } from './settingsTable.ts'
import { kekStoreMistakes, storeMistakes } from './storeChecks.ts'

interface Stores {
  readonly settings: Pick<Settings, 'secretStores' | 'kekStores'>
  readonly mistakes: readonly Mistake[]
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
    const kekStores = [kekStoreOf(kind, kind, sections[kind])]
    return {
      settings: { secretStores: [], kekStores },
      mistakes: [...kekStoreMistakes(kekStores, resolver), ...pluginMistakes(kind, resolver)],
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
  return { settings, mistakes: storeMistakes({ listed, sections, ...settings, resolver }) }
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
  if (name === undefined) return kekStoreOf(kind, kind, sections[kind])
  const options = resolver.section(fullName, KEK_STORE_KINDS[kind].optionsOf(name))
  return kekStoreOf(kind, fullName, options)
}
