import type { SecretStoreId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'

/** A secret store as the configuration declares it. */
export interface DeclaredStore {
  /** What its section is called: [secretstore:SUFFIX]. */
  readonly suffix: string
  /** What people call it. */
  readonly name: string
  readonly secretStorePlugin: string
  readonly cryptoPlugin: string | null
  /** Name of the KEK store that wraps the project keys of what is stored there. */
  readonly kekStore: string
  /** Left out: anybody may use it. */
  readonly boundTo?: StoreBinding
}

/** Whose store it is, by the operator's word. */
export interface StoreBinding {
  readonly projects: readonly string[]
  /** Keystone's ids of domains: all projects in them. */
  readonly domains: readonly string[]
}

/** Where secrets may go. One store is the global default; without several it is the only one. */
export interface StorePlan {
  /** False: there is one store, nobody sees it, and no project chooses. */
  readonly isEnabled: boolean
  readonly globalDefault: DeclaredStore
  readonly stores: readonly DeclaredStore[]
}

/** A declared store as this deployment knows it, the same on all nodes. */
export interface SecretStore extends DeclaredStore {
  readonly id: SecretStoreId
  readonly isGlobalDefault: boolean
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}

/** The plan of a deployment that does not speak of secret stores. */
export function onlyStore(kekStore: string): StorePlan {
  const store: DeclaredStore = {
    suffix: '',
    name: '',
    secretStorePlugin: 'store_crypto',
    cryptoPlugin: null,
    kekStore,
  }
  return { isEnabled: false, globalDefault: store, stores: [store] }
}
