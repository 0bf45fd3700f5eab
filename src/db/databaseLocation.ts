import { resolve } from 'node:path'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { type ServerLocation, serverLocationOf } from './server/serverLocation.ts'

/** Where the data is. */
export type DatabaseLocation = SqliteLocation | ServerLocation

export interface SqliteLocation {
  readonly kind: 'sqlite'
  readonly path: string
}

const SQLITE_SCHEME = /^sqlite(\+pysqlite)?:\/\//

/**
 * Reads `[database] connection` as operators write it, in SQLAlchemy's form: `sqlite:////absolute/path`,
 * `mysql+pymysql://user:password@host/database`, `postgresql://user:password@host/database`. Never
 * repeats the text: a server's URL holds a password.
 *
 * @throws StartupRefusal
 */
export function parseDatabaseUrl(url: string): DatabaseLocation {
  const scheme = /^([a-z0-9+]+):/i.exec(url)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    throw new StartupRefusal(
      '[database] connection is no URL; write sqlite:////absolute/path, ' +
        'mysql+pymysql://user:password@host/database or postgresql://user:password@host/database.',
    )
  }
  return SQLITE_SCHEME.test(url) ? sqliteLocationOf(url) : serverLocationOf(scheme, url)
}

function sqliteLocationOf(url: string): SqliteLocation {
  const [path = '', options] = url.replace(SQLITE_SCHEME, '').split('?', 2)
  if (!path.startsWith('/') || path.length < 2 || path === '/:memory:') {
    throw new StartupRefusal(
      '[database] connection names no file; write sqlite:////absolute/path (four slashes): ' +
        'a database in memory would lose every secret.',
    )
  }
  if (options !== undefined) {
    throw new StartupRefusal('[database] connection: a SQLite URL takes no options after "?".')
  }
  return { kind: 'sqlite', path: resolve(path.slice(1)) }
}
