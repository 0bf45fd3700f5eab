import { z } from 'zod'
import { wireTime } from '../../lib/timestamp.ts'
import type { SecretStore } from '../../model/secretStore.ts'
import { timeShown } from './timeShown.ts'

export const secretStoreShown = z
  .object({
    created: timeShown,
    updated: timeShown,
    status: z.literal('ACTIVE'),
    crypto_plugin: z.string().nullable(),
    global_default: z.boolean().describe('Whether it serves the projects that prefer none.'),
    name: z.string().describe('What people call it.'),
    secret_store_plugin: z.string(),
    secret_store_ref: z.url(),
  })
  .meta({ id: 'SecretStore' })

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
