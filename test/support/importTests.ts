import { globSync } from 'node:fs'
import { join } from 'node:path'

const TESTS = join(import.meta.dirname, '..')

/** Few processes for all tests that need no service: starting one per file would cost more than they do. */
export async function importTests(...patterns: readonly string[]): Promise<void> {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: TESTS }))
  for (const file of files.toSorted()) await import(join(TESTS, file))
}
