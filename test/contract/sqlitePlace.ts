import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import type { MakePlace } from './backupContract.ts'

export const sqlitePlace: MakePlace = async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-backup-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'gatehouse.sqlite')
  return {
    url: `sqlite:///${path}`,
    execute: async (sql) => {
      const database = new Sqlite(path)
      try {
        const statement = database.prepare<unknown[], Readonly<Record<string, unknown>>>(sql)
        if (statement.reader) return statement.all()
        database.pragma('foreign_keys = OFF')
        statement.run()
        return []
      } finally {
        database.close()
      }
    },
  }
}
