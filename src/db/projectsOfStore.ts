import type { Reads } from './reads.ts'
import { text } from './rows/column.ts'

export interface KeysOfProject {
  readonly projectId: string
  /** KEK stores that it has keys in. */
  readonly stores: readonly string[]
}

/** More than anybody reads; what is beyond is counted by nobody. */
const MOST_ROWS = 10_000

/** Where the keys of these projects are, and of all that have one in this KEK store. */
export async function projectsOfStore(
  reads: Pick<Reads, 'all'>,
  kekStore: string,
  projects: readonly string[],
): Promise<readonly KeysOfProject[]> {
  const named = projects.length === 0 ? '' : ` or held.project_id in (${marks(projects)})`
  const rows = await reads.all(
    'select distinct held.project_id, held.store from project_keys held ' +
      "where held.state <> 'destroying' and (held.project_id in (select there.project_id from project_keys there " +
      `where there.store = ? and there.state <> 'destroying')${named}) ` +
      'order by held.project_id, held.store limit ?',
    kekStore,
    ...projects,
    MOST_ROWS,
  )
  const stores = new Map<string, string[]>()
  for (const row of rows) {
    const projectId = text(row, 'project_id')
    stores.set(projectId, [...(stores.get(projectId) ?? []), text(row, 'store')])
  }
  return [...stores].map(([projectId, names]) => ({ projectId, stores: names }))
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ')
}
