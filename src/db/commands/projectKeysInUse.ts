import {
  type ProjectKeyId,
  projectKeyIdOfEnvelope,
  projectKeyIdOfRowMac,
} from '../../model/sealedForms.ts'
import type { Dialect } from '../dialect.ts'
import type { Statements } from '../statement.ts'

interface Sealed {
  readonly rowMac: Uint8Array | null
  readonly envelope?: Uint8Array | null
}

/**
 * Locks the project keys that sealed what is about to be written; false when one is gone or on its way
 * out. Whoever destroys a key counts its users under the same lock, so nothing is ever left behind that
 * no key opens.
 */
export function* projectKeysInUse(
  dialect: Dialect,
  records: readonly Sealed[],
): Statements<boolean> {
  for (const id of distinctKeyIds(records)) {
    const { rows } = yield {
      sql: `select project_keys.state from project_keys where project_keys.id = ?${dialect.forShare}`,
      params: [id],
    }
    const state = rows[0]?.['state']
    if (state === undefined || state === 'destroying') return false
  }
  return true
}

function distinctKeyIds(records: readonly Sealed[]): Iterable<ProjectKeyId> {
  const byHex = new Map<string, ProjectKeyId>()
  for (const { rowMac, envelope } of records) {
    if (rowMac === null) throw new Error('A record without a MAC is never stored.')
    const ofMac = projectKeyIdOfRowMac(rowMac)
    byHex.set(Buffer.from(ofMac).toString('hex'), ofMac)
    if (envelope === null || envelope === undefined) continue
    const ofEnvelope = projectKeyIdOfEnvelope(envelope)
    byHex.set(Buffer.from(ofEnvelope).toString('hex'), ofEnvelope)
  }
  return byHex.values()
}
