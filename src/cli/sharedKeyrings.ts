import type { Settings } from '../config/settingsTable.ts'

export interface SharedKeyring {
  readonly name: string
  readonly path: string
}

/** The keyrings that are opened by shares. */
export function sharedKeyrings({ kekStores }: Settings): readonly SharedKeyring[] {
  return kekStores.flatMap((store) =>
    store.kind === 'keyring' && store.options.protection === 'shares'
      ? [{ name: store.name, path: store.options.file }]
      : [],
  )
}
