import type { TransportKeyId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'

/** A public key under which a client may wrap payloads for one plugin. No plugin here has any (contract 09). */
export interface TransportKey {
  readonly id: TransportKeyId
  readonly pluginName: string
  readonly transportKey: string
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}
