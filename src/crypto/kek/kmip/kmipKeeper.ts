import { Fault } from '../../../lib/fault.ts'
import type { Keeper } from '../keptKekStore.ts'
import type { KmipClient } from './kmipClient.ts'
import { KmipRefusal } from './kmipMessages.ts'
import { maySpeakOfData } from './kmipNames.ts'
import type { KmipWrapping } from './kmipWrapping.ts'

/** A KMIP server. @param wrappings all ways in which it ever wrapped, the one for new keys first */
export function kmipKeeper(
  client: KmipClient,
  wrappings: readonly [KmipWrapping, ...KmipWrapping[]],
): Keeper {
  const wrappingOf = (blob: Uint8Array): KmipWrapping => {
    const wrapping = wrappings.find(({ format }) => format === blob[0])
    if (wrapping !== undefined && blob.length === wrapping.bytes) return wrapping
    throw new Fault('corrupted', 'The wrapped key has an unknown form.')
  }
  return {
    refuseMisshapen: (blob) => void wrappingOf(blob),
    wrap: (...given) => wrappings[0].wrap(...given),
    unwrap: async ({ kekId, blob }, context, signal) =>
      wrappingOf(blob).unwrap(kekId, blob, context, signal),
    blameOf: (cause) =>
      cause instanceof KmipRefusal && maySpeakOfData(cause.reason) ? 'either' : 'keeper',
    health: (_, signal) => client.greet(signal),
    close: () => client.close(),
  }
}
