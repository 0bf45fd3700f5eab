import { type Timestamp, wireTime } from '../../lib/timestamp.ts'
import type { TransportKey } from '../../model/transportKey.ts'

/** The row as the reference shows it, columns of its soft deletion included (contract 09). */
export function renderTransportKey(key: TransportKey): object {
  return {
    updated_at: blankTime(key.updatedAt),
    id: key.id,
    deleted_at: null,
    status: 'ACTIVE',
    transport_key: key.transportKey,
    deleted: false,
    created_at: blankTime(key.createdAt),
    plugin_name: key.pluginName,
  }
}

export function transportKeyRef(base: string, id: string): string {
  return `${base}/v1/transport_keys/${id}`
}

/** Times of this one resource have a blank where all others have a T. */
function blankTime(timestamp: Timestamp): string {
  return wireTime(timestamp).replace('T', ' ')
}
