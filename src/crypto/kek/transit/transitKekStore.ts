import { isDeepStrictEqual } from 'node:util'
import type { KekGeneration, KekReload } from '../../../domain/ports/kekChanges.ts'
import { unavailable } from '../../../lib/fault.ts'
import { withDeadline } from '../../deadline.ts'
import { type KeptKekStore, keptKekStore } from '../keptKekStore.ts'
import type { TransitClient } from './transitClient.ts'
import { transitKeeper } from './transitKeeper.ts'
import { type TransitKey, weaknesses } from './transitKey.ts'
import { TransitVersions, type TransitVersionsParts } from './transitVersions.ts'

export interface TransitKekStoreParts
  extends Pick<TransitVersionsParts, 'keyName' | 'key' | 'known'> {
  readonly name: string
  readonly client: TransitClient
  /** Where it is, for people. */
  readonly place: string
}

const RELOAD_MS = 10_000

export type TransitKekStore = KeptKekStore & KekGeneration & KekReload

/** KEKs that are the versions of a key in the transit engine of Vault or OpenBao. */
export function transitKekStore(parts: TransitKekStoreParts): TransitKekStore {
  const { name, client, keyName, key, known, place } = parts
  const versions = new TransitVersions({
    keyName,
    key,
    known,
    read: (signal) => client.readKey(signal),
  })
  const kind = 'transit'
  const protectionOf = (one: TransitKey) => {
    const but = weaknesses(one)
    const remark = but.length === 0 ? '' : ` (${but.join(', ')})`
    return `${one.type} in transit at ${place}${remark}`
  }
  const store = keptKekStore({
    name,
    kind,
    keeper: transitKeeper(client, keyName),
    keks: versions,
    protection: () => protectionOf(versions.key),
  })
  return {
    ...store,
    /** Makes the next version of the key; it unwraps, and wraps once it is promoted. */
    async generate(signal) {
      await store.asked(signal, async () => {
        await client.rotate(signal)
        await versions.refresh(signal)
      })
      const newest = versions.describe().keks.at(-1)
      if (newest === undefined) throw unavailable(`${name} has no version of its key.`)
      return newest
    },
    /** Takes up versions that somebody made at Vault, and bounds that somebody moved. */
    async reload(take) {
      const found = await withDeadline(RELOAD_MS, (signal) =>
        store.asked(signal, () => client.readKey(signal)),
      )
      if (isDeepStrictEqual(found, versions.key)) return 'same'
      await take({ kind, ...versions.describe(found), protection: protectionOf(found) })
      versions.take(found)
      return 'changed'
    },
  }
}
