import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Dialect, FailureKind } from '../../src/db/dialect.ts'
import { dialectMysql } from '../../src/db/dialectMysql.ts'
import { dialectPostgres } from '../../src/db/dialectPostgres.ts'
import type { ServerConnection } from '../../src/db/server/serverConnection.ts'
import { freePort } from '../peers/freePort.ts'
import { endAllOfOurs, toEachOfOurs } from '../support/ofOurs.ts'
import { ownMariadb } from '../support/ownMariadb.ts'
import { ownPostgres } from '../support/ownPostgres.ts'
import type { OwnServer } from '../support/ownServer.ts'
import { driverFor, say, withConnection } from '../support/serverConnections.ts'
import { setReadOnly } from '../support/setReadOnly.ts'

/*
 * How a statement fails decides whether a change is tried again, a connection is thrown away, and a client gets
 * 503 or 500. So every kind is provoked on a real server, and the error is the driver's own.
 */

interface Scene {
  readonly server: OwnServer
  /** Of a user without privileges. */
  readonly connection: ServerConnection
  readonly other: ServerConnection
}

interface Case {
  readonly kind: FailureKind
  /** Of the error that was meant to be provoked. */
  readonly code: RegExp
  provoke(scene: Scene): Promise<unknown>
}

const COMMON: Readonly<Record<string, Case>> = {
  'a key that is taken': {
    kind: 'constraint',
    code: /^(ER_DUP_ENTRY|23505)$/,
    provoke: async ({ connection }) => say(connection, "insert into parents values (1, 'twice')"),
  },
  'a null where none may be': {
    kind: 'constraint',
    code: /^(ER_BAD_NULL_ERROR|23502)$/,
    provoke: async ({ connection }) => say(connection, 'insert into parents values (7, null)'),
  },
  'a parent that is not there': {
    kind: 'constraint',
    code: /^(ER_NO_REFERENCED_ROW_2|23503)$/,
    provoke: async ({ connection }) => say(connection, 'insert into children values (1, 99)'),
  },
  'a text that is too long': {
    kind: 'constraint',
    code: /^(ER_DATA_TOO_LONG|22001)$/,
    provoke: async ({ connection }) =>
      say(connection, `insert into parents values (8, '${'x'.repeat(100)}')`),
  },
  'a deadlock': {
    kind: 'busy',
    code: /^(ER_LOCK_DEADLOCK|40P01)$/,
    provoke: async ({ connection, other }) => {
      await connection.begin('change')
      await other.begin('change')
      await say(connection, "update parents set name = 'a' where id = 1")
      await say(other, "update parents set name = 'b' where id = 2")
      await Promise.all([
        say(connection, "update parents set name = 'a' where id = 2"),
        say(other, "update parents set name = 'b' where id = 1"),
      ])
    },
  },
  'a lock that another holds too long': {
    kind: 'busy',
    code: /^(ER_LOCK_WAIT_TIMEOUT|55P03)$/,
    provoke: async ({ connection, other, server }) => {
      const limit = { mysql: 'innodb_lock_wait_timeout = 1', postgresql: "lock_timeout = '1s'" }
      await say(connection, `set session ${limit[server.kind]}`)
      await other.begin('change')
      await say(other, "update parents set name = 'b' where id = 1")
      await say(connection, "update parents set name = 'a' where id = 1")
    },
  },
  'a snapshot that another changed': {
    kind: 'busy',
    code: /^(ER_CHECKREAD|40001|ER_TABLE_DEF_CHANGED)$/,
    provoke: async ({ connection, other, server }) => {
      if (server.kind === 'mysql') {
        await connection.begin('snapshot')
        await say(other, 'alter table children force')
        return say(connection, 'select * from children')
      }
      await say(connection, 'begin isolation level repeatable read')
      await say(connection, 'select * from parents')
      await say(other, "update parents set name = 'b' where id = 1")
      return say(connection, "update parents set name = 'a' where id = 1")
    },
  },
  'a statement that takes too long': {
    kind: 'refused',
    code: /^(1969|57014)$/,
    provoke: async ({ connection, server }) => {
      const limit = { mysql: 'max_statement_time = 0.2', postgresql: "statement_timeout = '200ms'" }
      await say(connection, `set session ${limit[server.kind]}`)
      await say(connection, server.kind === 'mysql' ? BUSY : SLEEP)
    },
  },
  'a server that turned read-only': {
    kind: 'refused',
    code: /^(ER_OPTION_PREVENTS_STATEMENT|25006)$/,
    provoke: async ({ connection, server }) => {
      await setReadOnly(server, true)
      return say(connection, 'delete from children').finally(() => setReadOnly(server, false))
    },
  },
  'a grant that was taken back': {
    kind: 'refused',
    code: /^(ER_TABLEACCESS_DENIED_ERROR|42501)$/,
    provoke: async ({ server }) => {
      await server.execute('create table strangers (id integer)')
      const all = server.kind === 'mysql' ? 'all privileges on gatehouse.*' : null
      if (all !== null) {
        await server.execute(`revoke ${all} from gatehouse@'%'`)
        await server.execute(`grant select on gatehouse.parents to gatehouse@'%'`)
      }
      const asked = withConnection(server.url, (fresh) => say(fresh, 'select * from strangers'))
      return asked.finally(async () => {
        await server.execute('drop table strangers')
        if (all !== null) await server.execute(`grant ${all} to gatehouse@'%'`)
      })
    },
  },
  'a table that is not there': {
    kind: 'bug',
    code: /^(ER_NO_SUCH_TABLE|42P01)$/,
    provoke: async ({ connection }) => say(connection, 'select * from nowhere'),
  },
  'no statement at all': {
    kind: 'bug',
    code: /^(ER_PARSE_ERROR|42601)$/,
    provoke: async ({ connection }) => say(connection, 'selekt'),
  },
  'a wrong password': {
    kind: 'away',
    code: /^(ER_ACCESS_DENIED_ERROR|28P01)$/,
    provoke: async ({ server }) => connectTo(server.url.replace('canary', 'wrong')),
  },
  'a database that is not there': {
    kind: 'away',
    code: /^(ER_BAD_DB_ERROR|ER_DBACCESS_DENIED_ERROR|3D000)$/,
    provoke: async ({ server }) => connectTo(server.url.replace(/gatehouse$/, 'nowhere')),
  },
  'nobody listens': {
    kind: 'away',
    code: /^ECONNREFUSED$/,
    provoke: async ({ server }) => connectTo(server.urlWith({ port: await freePort() })),
  },
  'a name that nobody knows': {
    kind: 'away',
    code: /^(ENOTFOUND|EAI_AGAIN)$/,
    provoke: async ({ server }) => connectTo(server.urlWith({ host: 'nowhere.invalid' })),
  },
  'a connection that an operator ended': {
    kind: 'away',
    code: /^(PROTOCOL_CONNECTION_LOST|ECONNRESET|ER_CONNECTION_KILLED|57P01)$/,
    provoke: async ({ connection, server }) => {
      const asked = say(connection, SLEEPS[server.kind])
      asked.catch(() => undefined)
      await endAllOfOurs(server)
      await asked
    },
  },
  'a server that was killed in the middle of a statement': {
    kind: 'away',
    code: /^(PROTOCOL_CONNECTION_LOST|ECONNRESET|)$/,
    provoke: async ({ connection, server }) => {
      const asked = say(connection, SLEEPS[server.kind])
      asked.catch(() => undefined)
      await server.kill()
      await server.start()
      await asked
    },
  },
  'a server that hangs when it is dialled': {
    kind: 'away',
    code: /^(ETIMEDOUT|)$/,
    provoke: async ({ server }) => {
      server.pause()
      return connectTo(server.urlWith({ options: 'connect_timeout=1' })).finally(() =>
        server.resume(),
      )
    },
  },
  'a server that hangs in the middle of a statement, and is given up': {
    kind: 'away',
    code: /^(ETIMEDOUT|)$/,
    provoke: async ({ connection, server }) => {
      server.pause()
      const asked = say(connection, 'select 1')
      connection.destroy()
      return asked.finally(() => server.resume())
    },
  },
  'a server that is shut down in the middle of a statement': {
    kind: 'away',
    code: /^(PROTOCOL_CONNECTION_LOST|ECONNRESET|ER_SERVER_SHUTDOWN|ER_CONNECTION_KILLED|57P01)$/,
    provoke: async ({ connection, server }) => {
      const asked = say(connection, SLEEPS[server.kind])
      asked.catch(() => undefined)
      await server.stop()
      await server.start()
      await asked
    },
  },
  'more connections than the server has': {
    kind: 'away',
    code: /^(ER_CON_COUNT_ERROR|ER_USER_LIMIT_REACHED|53300)$/,
    provoke: async ({ server }) => {
      const held: ServerConnection[] = []
      try {
        for (let i = 0; i < 60; i += 1) held.push(await connectTo(server.url))
      } finally {
        for (const connection of held) connection.destroy()
      }
    },
  },
}

const SLEEP = 'select pg_sleep(20)'
/** What only sleeps or repeats itself is ended without an error there. */
const COLUMNS = 'information_schema.columns'
const BUSY = `select count(*) from ${COLUMNS} a, ${COLUMNS} b, ${COLUMNS} c`
const SLEEPS = { mysql: 'select sleep(20)', postgresql: SLEEP }

const ON_MARIADB: Readonly<Record<string, Case>> = {
  'a statement that an operator ended': {
    kind: 'refused',
    code: /^ER_QUERY_INTERRUPTED$/,
    provoke: async ({ connection, server }) => {
      const asked = say(connection, BUSY)
      asked.catch(() => undefined)
      await toEachOfOurs(server, (id) => `kill query ${id}`)
      await asked
    },
  },
  'a table that is full': {
    kind: 'refused',
    code: /^ER_RECORD_FILE_FULL$/,
    provoke: async ({ connection }) => {
      await say(connection, 'set session max_heap_table_size = 16384')
      await say(connection, 'create table small (text varchar(1000)) engine = memory')
      try {
        const row = `insert into small values ('${'x'.repeat(1_000)}')`
        for (let i = 0; i < 1_000; i += 1) await say(connection, row)
      } finally {
        await say(connection, 'drop table small')
      }
    },
  },
}

const ON_POSTGRESQL: Readonly<Record<string, Case>> = {
  'a statement that an operator ended': {
    kind: 'refused',
    code: /^57014$/,
    provoke: async ({ connection, server }) => {
      const asked = say(connection, SLEEP)
      asked.catch(() => undefined)
      await toEachOfOurs(server, (id) => `select pg_cancel_backend(${id})`)
      await asked
    },
  },
  'a transaction that stood still too long': {
    kind: 'away',
    code: /^(25P03|)$/,
    provoke: async ({ connection }) => {
      await say(connection, "set idle_in_transaction_session_timeout = '100ms'")
      await connection.begin('change')
      await say(connection, 'select 1')
      await new Promise((resolve) => setTimeout(resolve, 400))
      await say(connection, 'select 1')
    },
  },
  'a named statement from before an upgrade': {
    kind: 'away',
    code: /^0A000$/,
    provoke: async ({ connection, other }) => {
      await say(connection, 'select * from parents')
      await say(other, 'alter table parents add column more integer')
      return say(connection, 'select * from parents').finally(() =>
        say(other, 'alter table parents drop column more'),
      )
    },
  },
}

/** MariaDB has errors that the driver knows by their number alone. */
function nameOf(error: Error): string {
  if ('code' in error && error.code !== undefined) return String(error.code)
  return 'errno' in error ? String(error.errno) : ''
}

function connectTo(url: string): Promise<ServerConnection> {
  return driverFor(url).connect(() => undefined)
}

function failureKinds(
  name: string,
  make: (t: { after(work: () => Promise<void>): unknown }) => Promise<OwnServer>,
  dialect: Dialect,
  cases: Readonly<Record<string, Case>>,
): void {
  suite(name, () => {
    const cleanUps: (() => Promise<void>)[] = []
    let server: OwnServer
    before(async () => {
      server = await make({ after: (work) => cleanUps.unshift(work) })
      await withConnection(server.url, async (connection) => {
        await say(
          connection,
          'create table parents (id integer primary key, name varchar(20) not null)',
        )
        await say(
          connection,
          'create table children (id integer, parent integer, foreign key (parent) references parents (id))',
        )
        await say(connection, "insert into parents values (1, 'one'), (2, 'two')")
      })
    })
    after(async () => {
      for (const cleanUp of cleanUps) await cleanUp()
    })

    for (const [what, { kind, code, provoke }] of Object.entries({ ...COMMON, ...cases })) {
      test(`${what}: ${kind}`, { timeout: 30_000 }, async (t) => {
        const connection = await connectTo(server.url)
        t.after(() => connection.destroy())
        const other = await connectTo(server.url)
        t.after(() => other.destroy())
        const error = await provoke({ server, connection, other }).then(
          () => assert.fail('nothing failed'),
          (reason: unknown) => reason,
        )
        assert.ok(error instanceof Error)
        assert.match(nameOf(error), code, error.message)
        assert.equal(dialect.failureKind(error), kind, error.message)
      })
    }
  })
}

failureKinds('MariaDB', (t) => ownMariadb(t, { 'max-connections': '50' }), dialectMysql, ON_MARIADB)
failureKinds(
  'PostgreSQL',
  (t) => ownPostgres(t, { max_connections: '50' }),
  dialectPostgres,
  ON_POSTGRESQL,
)
