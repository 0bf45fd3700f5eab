import { wireTime } from '../../lib/timestamp.ts'
import type { SecretStore } from '../../model/secretStore.ts'

/** Order of keys as contract 08 lists them. */
export function renderSecretStore(store: SecretStore, base: string): object {
  return {
    created: wireTime(store.createdAt),
    updated: wireTime(store.updatedAt),
    status: 'ACTIVE',
    crypto_plugin: store.cryptoPlugin,
    global_default: store.isGlobalDefault,
    name: store.name,
    secret_store_plugin: store.secretStorePlugin,
    secret_store_ref: `${base}/v1/secret-stores/${store.id}`,
  }
}
