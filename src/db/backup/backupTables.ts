import { MIGRATIONS } from '../migrationList.ts'
import { HISTORY } from './backupTableHistory.ts'

/** A table as a backup carries it. */
export interface BackupTable {
  readonly name: string
  /** Its primary key, by which it is read in pages. */
  readonly key: readonly string[]
  readonly columns: readonly string[]
  /** Of these nobody knows anything elsewhere: null is carried instead. */
  readonly forgotten: readonly string[]
}

/** The tables of this schema; undefined when this release does not know it. */
export function backupTables(schema: string): readonly BackupTable[] | undefined {
  const names = MIGRATIONS.map(({ name }) => name)
  const until = names.indexOf(schema)
  if (until < 0) return undefined
  const applied = names.slice(0, until + 1)
  return HISTORY.map(({ name, key, since, forgotten = [] }) => ({
    name,
    key,
    forgotten,
    columns: applied.flatMap((migration) => since[migration] ?? []),
  })).filter(({ columns }) => columns.length > 0)
}
