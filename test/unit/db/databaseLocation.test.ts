import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { parseDatabaseUrl } from '../../../src/db/databaseLocation.ts'
import { StartupRefusal } from '../../../src/lib/startupRefusal.ts'

test('reads the forms of SQLAlchemy', () => {
  const paths = {
    'sqlite:////var/lib/gatehouse/gatehouse.db': '/var/lib/gatehouse/gatehouse.db',
    'sqlite+pysqlite:////srv/with blank/ü.db': '/srv/with blank/ü.db',
    'sqlite:///state/gatehouse.db': resolve('state/gatehouse.db'),
  }
  for (const [url, path] of Object.entries(paths)) {
    assert.deepEqual(parseDatabaseUrl(url), { kind: 'sqlite', path })
  }
})

const REFUSED = {
  'a server': ['mysql+pymysql://barbican:hunter2@db/barbican', /later release/],
  'another server': ['postgresql://barbican:hunter2@db/barbican', /later release/],
  memory: ['sqlite://', /memory/],
  'memory by name': ['sqlite:///:memory:', /memory/],
  'no file': ['sqlite:///', /names no file/],
  'a relative host': ['sqlite://state/db', /four slashes/],
  options: ['sqlite:////a.db?timeout=hunter2', /no options/],
  'a path': ['/var/lib/gatehouse.db', /no URL/],
  nothing: ['', /no URL/],
} as const

for (const [what, [url, message]] of Object.entries(REFUSED)) {
  test(`refuses ${what} in one sentence that repeats no password`, () => {
    assert.throws(
      () => parseDatabaseUrl(url),
      (error: unknown) => {
        assert.ok(error instanceof StartupRefusal)
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /hunter2/)
        return true
      },
    )
  })
}
