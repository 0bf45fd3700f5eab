import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reasonOf } from '../../src/db/failureReason.ts'
import { unavailable } from '../../src/lib/fault.ts'
import { printableFields } from '../../src/ops/printable.ts'
import { ownMariadb } from '../support/ownMariadb.ts'
import { ownPostgres } from '../support/ownPostgres.ts'
import { PASSWORD } from '../support/ownServer.ts'
import { driverFor, withConnection } from '../support/serverConnections.ts'

const CANARY = 'canary-in-a-row'

const TABLE = 'create table canaries (id varchar(40) primary key, short varchar(3), number integer)'
const STATEMENTS = [
  { sql: `insert into canaries (id) values ('${CANARY}')`, params: [] },
  { sql: 'insert into canaries (id) values (?)', params: [CANARY] },
  { sql: "insert into canaries (id, short) values ('1', ?)", params: [CANARY] },
  { sql: `insert into canaries (id, number) values ('2', '${CANARY}')`, params: [] },
  { sql: `selekt '${CANARY}'`, params: [] },
  { sql: `select id from canaries where id = '${CANARY}' and nowhere = ?`, params: [CANARY] },
]

for (const [name, make] of Object.entries({ MariaDB: ownMariadb, PostgreSQL: ownPostgres })) {
  test(`what ${name} says of a row or a login leaves neither value nor statement in the log`, async (t) => {
    const server = await make(t)
    const errors: unknown[] = []
    await withConnection(server.url, async (connection) => {
      await connection.execute({ sql: TABLE, params: [] })
      const first = STATEMENTS[0]
      if (first !== undefined) await connection.execute(first)
      for (const statement of STATEMENTS) {
        await connection.execute(statement).catch((error: unknown) => errors.push(error))
      }
    })
    assert.equal(errors.length, STATEMENTS.length)
    const wrong = server.url.replace('gatehouse:', 'stranger:')
    await driverFor(wrong)
      .connect(() => undefined)
      .catch((error: unknown) => errors.push(error))
    assert.equal(errors.length, STATEMENTS.length + 1)
    for (const error of errors) {
      assert.ok(error instanceof Error)
      const line = JSON.stringify(printableFields({ error: unavailable('away', error) }))
      assert.ok(!line.includes(CANARY), line)
      assert.ok(!line.includes(PASSWORD), line)
      assert.doesNotMatch(line, /insert into|select id|"sql"/)
      assert.ok(!reasonOf(error).includes(PASSWORD))
    }
  })
}
