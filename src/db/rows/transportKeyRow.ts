import type { TransportKeyId } from '../../lib/ids.ts'
import type { TransportKey } from '../../model/transportKey.ts'
import type { Row, SqlValue } from '../statement.ts'
import { text, time } from './column.ts'

export const TRANSPORT_KEY_COLUMNS = [
  'transport_keys.id',
  'transport_keys.plugin_name',
  'transport_keys.transport_key',
  'transport_keys.created_at',
  'transport_keys.updated_at',
] as const

export function transportKeyOfRow(row: Row): TransportKey {
  return {
    id: text(row, 'id') as TransportKeyId,
    pluginName: text(row, 'plugin_name'),
    transportKey: text(row, 'transport_key'),
    createdAt: time(row, 'created_at'),
    updatedAt: time(row, 'updated_at'),
  }
}

export function rowOfTransportKey(key: TransportKey): Readonly<Record<string, SqlValue>> {
  return {
    id: key.id,
    plugin_name: key.pluginName,
    transport_key: key.transportKey,
    created_at: key.createdAt,
    updated_at: key.updatedAt,
  }
}
