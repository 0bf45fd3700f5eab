import { resolve } from 'node:path'
import { StartupRefusal } from '../lib/startupRefusal.ts'

/** Where the data is. SQLite for now; servers become a second kind. */
export interface DatabaseLocation {
  readonly kind: 'sqlite'
  readonly path: string
}

const SQLITE_SCHEME = /^sqlite(\+pysqlite)?:\/\//

/**
 * Reads `[database] connection` as operators write it, in SQLAlchemy's form: `sqlite:////absolute/path`
 * or `sqlite:///relative/path`. Never repeats the text: a server's URL holds a password.
 */
export function parseDatabaseUrl(url: string): DatabaseLocation {
  const scheme = /^([a-z0-9+]+):/i.exec(url)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    throw new StartupRefusal('[database] connection is no URL; write sqlite:////absolute/path.')
  }
  if (!SQLITE_SCHEME.test(url)) {
    throw new StartupRefusal(
      `[database] connection names ${scheme}; MariaDB and PostgreSQL come with a later release, ` +
        'this one keeps its data in SQLite: write sqlite:////absolute/path.',
    )
  }
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
