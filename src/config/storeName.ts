import type { SecretStoreSettings, Sections } from './settingsTable.ts'

/** What people call a secret store: chosen, or the name of its kind. */
export function storeNameOf(
  { name, kekStoreName }: Pick<SecretStoreSettings, 'name' | 'kekStoreName'>,
  sections: Pick<Sections, 'simple_crypto_plugin' | 'pkcs11'>,
): string {
  const { simple_crypto_plugin: keyring, pkcs11 } = sections
  return name ?? (/^pkcs11(:|$)/.test(kekStoreName) ? pkcs11 : keyring).plugin_name
}
