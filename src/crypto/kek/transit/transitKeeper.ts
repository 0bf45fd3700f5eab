import { Fault } from '../../../lib/fault.ts'
import { KEK_BYTES } from '../kek.ts'
import type { Keeper } from '../keptKekStore.ts'
import { boundTo } from '../unseenKek.ts'
import type { TransitClient } from './transitClient.ts'
import { versionIn } from './transitKey.ts'
import { VaultRefusal } from './vaultHttp.ts'

/** `format 1 | what Vault made: nonce, wrapped key, tag` */
const FORMAT = 1
const LEAST_BYTES = 1 + KEK_BYTES + 16
const MOST_BYTES = 255
const LABEL = 'gatehouse/transit-wrap/1'

/** The transit engine of Vault or OpenBao. KEKs are the versions of one key. */
export function transitKeeper(client: TransitClient, keyName: string): Keeper {
  const versionOf = (kekId: string): number => {
    const version = versionIn(keyName, kekId)
    if (version === undefined) throw new Error(`${keyName} has no KEK ${kekId}.`)
    return version
  }
  return {
    refuseMisshapen(blob) {
      if (blob[0] === FORMAT && blob.length >= LEAST_BYTES && blob.length <= MOST_BYTES) return
      throw new Fault('corrupted', 'The wrapped key has an unknown form.')
    },
    async wrap(kekId, key, context, signal) {
      const bound = boundTo(LABEL, kekId, context)
      const sealed = await client.encrypt(versionOf(kekId), key, bound, signal)
      return Buffer.concat([Uint8Array.of(FORMAT), sealed])
    },
    unwrap: async ({ kekId, blob }, context, signal) =>
      client.decrypt(versionOf(kekId), blob.subarray(1), boundTo(LABEL, kekId, context), signal),
    blameOf(cause) {
      if (!(cause instanceof VaultRefusal) || cause.status !== 400) return 'keeper'
      return cause.said.includes('disallowed by policy') ? 'keeper' : 'either'
    },
    health: (_, signal) => client.health(signal),
    close: () => client.close(),
  }
}
