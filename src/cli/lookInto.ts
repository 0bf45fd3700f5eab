import { openReads } from '../db/openReads.ts'
import type { Reads } from '../db/reads.ts'
import type { Clock } from '../lib/clock.ts'

/** What a repository wants; nothing can be changed through it. */
interface Glass {
  readonly reads: Reads
  readonly commands: { run(): Promise<never> }
}

/** Reads a database that a server may be at work on, and closes behind itself. */
export async function lookInto<T>(
  url: string,
  clock: Clock,
  look: (glass: Glass) => Promise<T>,
): Promise<T> {
  const { reads, close } = openReads(url, clock)
  const commands = { run: () => Promise.reject(new Error('a look changes nothing')) }
  try {
    return await look({ reads, commands })
  } finally {
    await close()
  }
}
