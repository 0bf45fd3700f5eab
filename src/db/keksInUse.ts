import type { Reads } from './reads.ts'
import { number, text } from './rows/column.ts'

export interface KekInUse {
  readonly store: string
  readonly kekId: string
  readonly projectKeys: number
}

/** Which KEKs the keys of projects are wrapped by. */
export async function keksInUse(reads: Reads): Promise<readonly KekInUse[]> {
  const rows = await reads.all(
    'select project_keys.store, project_keys.kek_id, count(*) as counted from project_keys ' +
      "where project_keys.state <> 'destroying' group by project_keys.store, project_keys.kek_id",
  )
  return rows.map((row) => ({
    store: text(row, 'store'),
    kekId: text(row, 'kek_id'),
    projectKeys: number(row, 'counted'),
  }))
}
