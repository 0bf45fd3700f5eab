import { isBound } from '../config/bindingChecks.ts'
import type { SecretStoreSettings, Settings } from '../config/settingsTable.ts'
import { storeNameOf } from '../config/storeName.ts'
import { type DeclaredStore, onlyStore, type StorePlan } from '../model/secretStore.ts'

/** The secret stores as the configuration declares them; it was checked that exactly one is the global default. */
export function storePlanOfSettings(settings: Settings): StorePlan {
  const declared = (store: SecretStoreSettings): DeclaredStore => ({
    suffix: store.suffix,
    name: storeNameOf(store, settings),
    secretStorePlugin: store.secret_store_plugin ?? '',
    cryptoPlugin: store.crypto_plugin ?? null,
    kekStore: store.kekStoreName,
    ...(isBound(store) && { boundTo: { projects: store.projects, domains: store.domains } }),
  })
  const chosen = settings.secretStores.find(({ global_default: isDefault }) => isDefault)
  if (chosen === undefined) return onlyStore(settings.secretstore.kek_store)
  return {
    isEnabled: true,
    globalDefault: declared(chosen),
    stores: settings.secretStores.map(declared),
  }
}
