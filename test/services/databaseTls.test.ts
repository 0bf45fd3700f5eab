import assert from 'node:assert/strict'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { type Database, openDatabase } from '../../src/db/database.ts'
import { reachServer } from '../../src/db/server/reachServer.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { StartupRefusal } from '../../src/lib/startupRefusal.ts'
import { Project } from '../contract/recordsForRepositories.ts'
import { assertUnavailable, healed } from '../faults/survivors.ts'
import { Authority, type Certificate } from '../support/certificates.ts'
import { endAllOfOurs } from '../support/ofOurs.ts'
import { ownMariadb } from '../support/ownMariadb.ts'
import { ownPostgres } from '../support/ownPostgres.ts'
import type { OwnServer, Settings } from '../support/ownServer.ts'
import { driverFor, withConnection } from '../support/serverConnections.ts'
import { UsableTime } from '../support/usableTime.ts'

/** Whoever has to show a certificate, and has no password. */
const CERTIFIED = 'certified'

interface CleansUp {
  after(work: () => Promise<void>): unknown
}

interface Kind {
  readonly systemUser: string
  make(t: CleansUp, tls: Settings): Promise<OwnServer>
  settings(caFile: string, certificate: Certificate): Settings
  /** Server settings of one that knows no TLS. */
  readonly without: Settings
  /** Options of the URL, from those of the other kind's. */
  options(wanted: Wanted): string
  readonly cipher: string
  makeCertified(server: OwnServer): Promise<void>
}

interface Wanted {
  readonly caFile?: string
  readonly client?: Certificate
  readonly isNameChecked?: boolean
}

const MARIADB: Kind = {
  systemUser: 'mysql',
  make: (t, tls) => ownMariadb(t, { ...tls, 'require-secure-transport': 'on' }),
  settings: (caFile, { cert, key }) => ({ 'ssl-ca': caFile, 'ssl-cert': cert, 'ssl-key': key }),
  without: { 'skip-ssl': '1', 'require-secure-transport': 'off' },
  options: ({ caFile, client, isNameChecked }) =>
    optionsOf({
      ssl_ca: caFile,
      ssl_cert: client?.cert,
      ssl_key: client?.key,
      ssl_verify_identity: isNameChecked === false ? 'false' : undefined,
    }),
  cipher:
    "select variable_value as cipher from information_schema.session_status where variable_name = 'SSL_CIPHER'",
  makeCertified: async (server) => {
    await server.execute(`create user ${CERTIFIED}@'%' require x509`)
    await server.execute(`grant all on gatehouse.* to ${CERTIFIED}@'%'`)
  },
}

const POSTGRESQL: Kind = {
  systemUser: 'postgres',
  make: (t, tls) =>
    ownPostgres(t, tls, [
      `hostssl all ${CERTIFIED} 127.0.0.1/32 cert clientcert=verify-full`,
      'hostssl all all 127.0.0.1/32 scram-sha-256',
    ]),
  settings: (caFile, { cert, key }) => ({
    ssl: 'on',
    ssl_ca_file: caFile,
    ssl_cert_file: cert,
    ssl_key_file: key,
  }),
  without: { ssl: 'off' },
  options: ({ caFile, client, isNameChecked }) =>
    optionsOf({
      sslrootcert: caFile,
      sslcert: client?.cert,
      sslkey: client?.key,
      sslmode: isNameChecked === false ? 'verify-ca' : 'verify-full',
    }),
  cipher: 'select cipher from pg_stat_ssl where pid = pg_backend_pid()',
  makeCertified: async (server) => {
    await server.execute(`create role ${CERTIFIED} login`)
    await server.execute(`grant all on schema public to ${CERTIFIED}`)
    await server.execute(`grant all on all tables in schema public to ${CERTIFIED}`)
  },
}

function optionsOf(options: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(options)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
    .join('&')
}

function databaseTls(name: string, kind: Kind): void {
  suite(name, { timeout: 900_000 }, () => {
    const cleanUps: (() => Promise<void>)[] = []
    const t = { after: (work: () => Promise<void>) => cleanUps.unshift(work) }
    let server: OwnServer
    let ours: Authority
    let others: Authority
    let certificate: Certificate
    before(async () => {
      ours = await Authority.make(t, 'our authority')
      others = await Authority.make(t, 'somebody else')
      certificate = await ours.server('IP:127.0.0.1', kind.systemUser)
      server = await kind.make(t, kind.settings(ours.caFile, certificate))
      // Migrations go the same way: the server takes nothing else.
      const database = await opened({ caFile: ours.caFile })
      await database.close()
      await kind.makeCertified(server)
    })
    after(async () => {
      for (const cleanUp of cleanUps) await cleanUp()
    })

    const url = (wanted: Wanted, other: { host?: string; user?: string } = {}) =>
      server.urlWith({ ...other, options: kind.options(wanted) })
    const opened = (wanted: Wanted, other: { host?: string; user?: string } = {}) =>
      openDatabase({ url: url(wanted, other), clock: systemClock() })
    /** In one sentence, and at once: waiting would not mend it. */
    const refuses = async (address: string, reason: RegExp) => {
      for (const start of [
        () => openDatabase({ url: address, clock: systemClock() }),
        () => reachServer(address),
      ]) {
        await assert.rejects(start, (error: unknown) => {
          assert.ok(error instanceof StartupRefusal, String(error))
          assert.match(error.message, /^The database \([^)]*\) cannot be opened: [^\n]+$/)
          assert.match(error.message, reason)
          return true
        })
      }
    }
    const writes = async (database: Database) => {
      const execute = () => assert.fail('by the repositories alone')
      return (await Project.make({ ...database, execute })).id
    }

    test('with the right authority everything goes over TLS', async () => {
      await withConnection(url({ caFile: ours.caFile }), async (connection) => {
        const { rows } = await connection.execute({ sql: kind.cipher, params: [] })
        assert.match(String(rows[0]?.['cipher']), /^TLS_|^ECDHE/)
      })
      const database = await opened({ caFile: ours.caFile })
      await writes(database).finally(() => database.close())
    })

    if (kind === MARIADB) {
      test('what a my.cnf says of TLS is as good as what the URL says', async () => {
        const folder = await mkdtemp(join(tmpdir(), 'gh-my-cnf-'))
        t.after(() => rm(folder, { recursive: true, force: true }))
        const file = join(folder, 'my.cnf')
        const address = server.urlWith({ options: `read_default_file=${file}` })
        await writeFile(file, `[client]\nssl-ca=${ours.caFile}\nssl=1\n`)
        await withConnection(address, async (connection) => {
          const { rows } = await connection.execute({ sql: kind.cipher, params: [] })
          assert.match(String(rows[0]?.['cipher']), /^TLS_|^ECDHE/)
        })
        await writeFile(file, `[client]\nssl-ca=${others.caFile}\nssl=1\n`)
        await refuses(address, /certificate/)
      })
    }

    test('a server whose certificate another authority signed is refused', async () => {
      await refuses(url({ caFile: others.caFile }), /certificate/)
    })

    test('a server that the system does not trust is refused', async () => {
      const trusting = { mysql: 'ssl_verify_cert=true', postgresql: 'sslmode=verify-full' }
      await refuses(server.urlWith({ options: trusting[server.kind] }), /certificate/)
    })

    test('a certificate for another name is refused, unless names do not count', async () => {
      const elsewhere = { host: 'localhost' }
      await refuses(url({ caFile: ours.caFile }, elsewhere), /localhost/)
      const database = await opened({ caFile: ours.caFile, isNameChecked: false }, elsewhere)
      await writes(database).finally(() => database.close())
      await refuses(url({ caFile: others.caFile, isNameChecked: false }, elsewhere), /certificate/)
    })

    test('an authority that cannot be read is refused, and named', async () => {
      await refuses(url({ caFile: '/nowhere/ca.pem' }), /CA file \/nowhere\/ca\.pem/)
    })

    test('clear text is refused by a server that wants TLS', async () => {
      const clear = { mysql: '', postgresql: 'sslmode=disable' }
      await refuses(
        server.urlWith({ options: clear[server.kind] }),
        // MariaDB's word for it is the one for a wrong password.
        /Access denied|no pg_hba.conf entry/,
      )
    })

    test('a client certificate opens the door that is closed without one', async () => {
      const client = await ours.client(CERTIFIED)
      const certified = { user: CERTIFIED }
      await refuses(url({ caFile: ours.caFile }, certified), /Access denied|certificate/)
      const strange = await others.client(CERTIFIED)
      await refuses(url({ caFile: ours.caFile, client: strange }, certified), /[^\s]/)
      await withConnection(url({ caFile: ours.caFile, client }, certified), (connection) =>
        connection.execute({ sql: 'select 1 as one', params: [] }),
      )
    })

    test('a renewed client certificate is used without a restart', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'gh-client-'))
      t.after(() => rm(folder, { recursive: true, force: true }))
      const client = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
      const put = async (given: Certificate) => {
        await copyFile(given.cert, client.cert)
        await copyFile(given.key, client.key)
      }
      await put(await ours.client(CERTIFIED))
      const database = await opened({ caFile: ours.caFile, client }, { user: CERTIFIED })
      try {
        await writes(database)
        await put(await others.client(CERTIFIED))
        await endAllOfOurs(server, CERTIFIED)
        await assert.rejects(async () => {
          for (;;) await writes(database)
        }, assertUnavailable)
        await put(await ours.client(CERTIFIED))
        const time = new UsableTime()
        await healed(() => writes(database))
        assert.ok(time.ms() < 1_000)
      } finally {
        await database.close()
      }
    })

    test('a server that comes back with a certificate of somebody else is unavailable until it has ours', async () => {
      const database = await opened({ caFile: ours.caFile })
      try {
        await writes(database)
        await server.stop()
        const strange = await others.server('IP:127.0.0.1', kind.systemUser)
        await server.start(kind.settings(ours.caFile, strange))
        for (let i = 0; i < 5; i += 1) await assert.rejects(writes(database), assertUnavailable)
        await server.stop()
        await server.start(kind.settings(ours.caFile, certificate))
        const time = new UsableTime()
        await healed(() => writes(database))
        assert.ok(time.ms() < 1_000)
      } finally {
        await database.close()
      }
    })

    test('a certificate for localhost is not one for an address', async () => {
      await server.stop()
      const local = await ours.server('DNS:localhost', kind.systemUser)
      await server.start(kind.settings(ours.caFile, local))
      await refuses(url({ caFile: ours.caFile }), /127\.0\.0\.1/)
      const database = await opened({ caFile: ours.caFile }, { host: 'localhost' })
      await writes(database).finally(() => database.close())
    })

    test('a server without TLS is refused', async () => {
      await server.stop()
      await server.start(kind.without)
      await refuses(url({ caFile: ours.caFile }), /does not support (SSL|secure)/i)
      await assert.rejects(driverFor(url({ caFile: ours.caFile })).connect(() => undefined))
    })
  })
}

databaseTls('MariaDB', MARIADB)
databaseTls('PostgreSQL', POSTGRESQL)
