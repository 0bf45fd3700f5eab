import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from '../peers/freePort.ts'
import {
  DATABASE,
  folderOf,
  type OwnServer,
  OwnServerProcess,
  PASSWORD,
  type PutOnDisk,
  runAs,
  type Settings,
  USER,
} from './ownServer.ts'

const SYSTEM_USER = 'postgres'
/** Where Debian puts each release. */
const RELEASES = '/usr/lib/postgresql'
/** Whoever comes over TCP has a password. */
const FROM_ANYWHERE = 'host all all 127.0.0.1/32 scram-sha-256'

/**
 * A PostgreSQL of this test alone, started. `hosts`: lines of pg_hba.conf for TCP. With a disk of their own for the data,
 * the write-ahead log stays outside of it: without room for that, a PostgreSQL ends itself.
 */
export async function ownPostgres(
  t: { after(work: () => Promise<void>): unknown },
  settings: Settings = {},
  hosts: readonly string[] = [FROM_ANYWHERE],
  putOnDisk?: PutOnDisk,
): Promise<OwnServer> {
  const folder = await folderOf(t, SYSTEM_USER)
  const data = join(folder, 'data')
  const port = await freePort()
  putOnDisk?.(data, SYSTEM_USER)
  const program = (name: string) => join(RELEASES, newestRelease(), 'bin', name)
  await runAs(
    SYSTEM_USER,
    program('initdb'),
    `--pgdata=${data}`,
    '--username=postgres',
    '--auth=trust',
    '--encoding=UTF8',
    '--no-locale',
    '--no-sync',
    ...(putOnDisk === undefined ? [] : [`--waldir=${join(folder, 'wal')}`]),
  )
  await writeFile(join(data, 'pg_hba.conf'), ['local all all trust', ...hosts, ''].join('\n'))
  let administered = 'postgres'
  const server = new OwnServerProcess(
    t,
    {
      kind: 'postgresql',
      port,
      folder,
      systemUser: SYSTEM_USER,
      // Fast shutdown: it ends who is connected, and does not wait for them.
      stopSignal: 'SIGINT',
      command: (given) => [
        program('postgres'),
        '-D',
        data,
        '-p',
        String(port),
        '-k',
        folder,
        '-c',
        'listen_addresses=127.0.0.1',
        ...Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      async execute(sql) {
        const client = new pg.Client({
          host: folder,
          port,
          user: 'postgres',
          database: administered,
        })
        client.on('error', () => undefined)
        try {
          await client.connect()
          return (await client.query(sql)).rows
        } finally {
          void client.end().catch(() => undefined)
        }
      },
    },
    settings,
  )
  await server.start()
  await server.execute(`create role ${USER} login password '${PASSWORD}'`)
  await server.execute(`create database ${DATABASE} owner ${USER}`)
  administered = DATABASE
  return server
}

function newestRelease(): string {
  const releases = readdirSync(RELEASES).toSorted((one, other) => Number(other) - Number(one))
  const [newest] = releases
  if (newest === undefined) throw new Error(`there is no PostgreSQL below ${RELEASES}`)
  return newest
}
