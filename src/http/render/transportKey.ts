import { z } from 'zod'
import { type Timestamp, wireTime } from '../../lib/timestamp.ts'
import type { TransportKey } from '../../model/transportKey.ts'

const blankTimeShown = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?$/)
  .describe('UTC, with a blank instead of the T that all other times have.')

export const transportKeyShown = z
  .object({
    updated_at: blankTimeShown,
    id: z.string(),
    deleted_at: z.null(),
    status: z.literal('ACTIVE'),
    transport_key: z.string(),
    deleted: z.literal(false),
    created_at: blankTimeShown,
    plugin_name: z.string(),
  })
  .meta({ id: 'TransportKey' })

export const transportKeyRefShown = z
  .object({ transport_key_ref: z.url() })
  .meta({ id: 'TransportKeyRef' })

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
