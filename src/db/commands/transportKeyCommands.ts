import type { TransportKeyId } from '../../lib/ids.ts'
import type { TransportKey } from '../../model/transportKey.ts'
import type { Dialect } from '../dialect.ts'
import { insertInto } from '../insertInto.ts'
import { rowOfTransportKey } from '../rows/transportKeyRow.ts'
import type { Statements } from '../statement.ts'

export function* insertTransportKey(_dialect: Dialect, key: TransportKey): Statements<void> {
  yield insertInto('transport_keys', rowOfTransportKey(key))
}

export function* removeTransportKey(
  _dialect: Dialect,
  id: TransportKeyId,
): Statements<'changed' | 'gone'> {
  const { changes } = yield {
    sql: 'delete from transport_keys where transport_keys.id = ?',
    params: [id],
  }
  return changes === 0 ? 'gone' : 'changed'
}
