import type { ServerKind } from './serverDatabase.ts'

/** What all tests that do not say otherwise run on: SQLite, or a server that the caller names. */
export const DATABASE_UNDER_TEST = databaseUnderTest(process.env['GATEHOUSE_TEST_DATABASE'])

/** Columns of no type, pragmas, files to look into: what only SQLite has is tested on SQLite alone. */
export const IS_ON_SQLITE = DATABASE_UNDER_TEST === 'sqlite'

function databaseUnderTest(given = 'sqlite'): 'sqlite' | ServerKind {
  if (given === 'sqlite' || given === 'mysql' || given === 'postgresql') return given
  throw new Error(`GATEHOUSE_TEST_DATABASE is sqlite, mysql or postgresql, not ${given}.`)
}
