import { parseDatabaseUrl } from '../db/databaseLocation.ts'
import { SqliteReader } from '../db/sqliteReader.ts'
import type { Clock } from '../lib/clock.ts'

/** What a repository wants; nothing can be changed through it. */
interface Glass {
  readonly reads: SqliteReader
  readonly commands: { run(): Promise<never> }
}

/** Reads a database that a server may be at work on: makes no file, disturbs nobody, closes behind itself. */
export async function lookInto<T>(
  url: string,
  clock: Clock,
  look: (glass: Glass) => Promise<T>,
): Promise<T> {
  const reads = new SqliteReader({
    path: parseDatabaseUrl(url).path,
    monotonicMs: () => clock.monotonicMs(),
    onEvent: () => undefined,
  })
  const commands = { run: () => Promise.reject(new Error('a look changes nothing')) }
  try {
    return await look({ reads, commands })
  } finally {
    reads.close()
  }
}
