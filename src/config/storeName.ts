import { KEK_STORE_KIND_NAMES, kindOf } from './kekStoreKinds.ts'
import type { SecretStoreSettings, Sections } from './settingsTable.ts'

/** What people call a secret store: chosen, or the name of its kind. */
export function storeNameOf(
  { name, kekStoreName }: Pick<SecretStoreSettings, 'name' | 'kekStoreName'>,
  sections: Pick<Sections, 'simple_crypto_plugin' | 'pkcs11'>,
): string {
  const { simple_crypto_plugin: keyring, pkcs11 } = sections
  const kind = KEK_STORE_KIND_NAMES.find((known) => known === kekStoreName.split(':', 1)[0])
  const nameOfKind = kind === undefined ? undefined : kindOf({ kind }).secretStoreName
  return name ?? nameOfKind ?? (kind === 'pkcs11' ? pkcs11 : keyring).plugin_name
}
