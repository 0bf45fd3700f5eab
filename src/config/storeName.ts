import type { SecretStoreSettings, Sections } from './settingsTable.ts'

/** What people call a secret store: chosen, or the name of its kind. */
export function storeNameOf(
  { name }: Pick<SecretStoreSettings, 'name'>,
  { simple_crypto_plugin: ofKind }: Pick<Sections, 'simple_crypto_plugin'>,
): string {
  return name ?? ofKind.plugin_name
}
