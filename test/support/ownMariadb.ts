import { join } from 'node:path'
import mysql from 'mysql2/promise'
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
import type { Rows } from './serverDatabase.ts'

const SYSTEM_USER = 'mysql'

/** A MariaDB of this test alone, started. Settings are those of its configuration file. */
export async function ownMariadb(
  t: { after(work: () => Promise<void>): unknown },
  settings: Settings = {},
  putOnDisk?: PutOnDisk,
): Promise<OwnServer> {
  const folder = await folderOf(t, SYSTEM_USER)
  const data = join(folder, 'data')
  const socketPath = join(folder, 'm.sock')
  const port = await freePort()
  putOnDisk?.(data, SYSTEM_USER)
  await runAs(
    SYSTEM_USER,
    'mariadb-install-db',
    '--no-defaults',
    `--datadir=${data}`,
    `--tmpdir=${folder}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  )
  let database = 'mysql'
  const server = new OwnServerProcess(
    t,
    {
      kind: 'mysql',
      port,
      folder,
      systemUser: SYSTEM_USER,
      stopSignal: 'SIGTERM',
      command: (given) => [
        'mariadbd',
        '--no-defaults',
        `--datadir=${data}`,
        // A server that starts empties this folder of what others have in it.
        `--tmpdir=${folder}`,
        `--socket=${socketPath}`,
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        '--skip-name-resolve',
        '--innodb-buffer-pool-size=64M',
        '--performance-schema=OFF',
        ...Object.entries(given).map(([name, value]) => `--${name}=${value}`),
      ],
      async execute(sql) {
        const connection = await mysql.createConnection({ socketPath, user: 'root', database })
        connection.on('error', () => undefined)
        try {
          const [rows] = await connection.query(sql)
          return Array.isArray(rows) ? (rows as Rows) : []
        } finally {
          connection.destroy()
        }
      },
    },
    settings,
  )
  await server.start()
  await server.execute(`create database ${DATABASE}`)
  await server.execute(`create user ${USER}@'%' identified by '${PASSWORD}'`)
  await server.execute(`grant all on ${DATABASE}.* to ${USER}@'%'`)
  database = DATABASE
  return server
}
