import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { type ClientFile, readClientFile } from './clientFile.ts'

/** A database on a server, and how to get there. */
export interface ServerLocation {
  readonly kind: 'mysql' | 'postgresql'
  readonly host: string
  readonly port: number
  /** A Unix socket instead of host and port; PostgreSQL wants its folder. */
  readonly socketPath: string | undefined
  readonly user: string | undefined
  readonly password: string | undefined
  readonly database: string
  readonly tls: ServerTls | undefined
  readonly connectTimeoutMs: number
}

/** Files are read anew for each connection, so that a renewed certificate needs no restart. */
export interface ServerTls {
  /** Who may have signed the server's certificate; undefined: whom the system trusts. */
  readonly caFile: string | undefined
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
  readonly isCertificateChecked: boolean
  readonly isNameChecked: boolean
}

type Kind = ServerLocation['kind']

const KINDS: Readonly<Record<string, Kind>> = {
  mysql: 'mysql',
  mariadb: 'mysql',
  postgresql: 'postgresql',
  postgres: 'postgresql',
}
const PORTS: Readonly<Record<Kind, number>> = { mysql: 3306, postgresql: 5432 }
const CONNECT_TIMEOUT_SECONDS = 5

/** Options that say something to a Python driver alone, or what is so here anyway. */
const UNUSED: Readonly<Record<Kind, readonly string[]>> = {
  mysql: ['charset', 'read_timeout', 'write_timeout', 'plugin', 'use_unicode', 'binary_prefix'],
  postgresql: ['application_name', 'client_encoding', 'keepalives', 'gssencmode'],
}

/** @throws StartupRefusal that repeats nothing of the URL but the names of its options */
export function serverLocationOf(scheme: string, url: string): ServerLocation {
  const kind = KINDS[scheme.split('+')[0] ?? '']
  if (kind === undefined) {
    throw new StartupRefusal(
      `[database] connection names ${scheme}; known are sqlite, mysql (MariaDB as well) and postgresql.`,
    )
  }
  // `user@/database` leaves the host to an option or the default; a URL with a user wants one.
  const hosted = url.replace(/^([^/]+:\/\/[^/?#]*@)(?=[/?#])/, '$1localhost')
  const parsed = URL.parse(hosted.replace(/^[^:]+:/, 'server:'))
  if (parsed === null) {
    throw new StartupRefusal(
      `[database] connection cannot be read; write ${kind}://user:password@host:port/database, ` +
        'with % and two digits for each of @ : / ? # in user and password.',
    )
  }
  const options = new Options(kind, parsed.searchParams)
  if (kind === 'mysql') options.readFile()
  const database = decoded(parsed.pathname.slice(1), 'database')
  if (database === '') {
    throw new StartupRefusal(`[database] connection names no database; write ${kind}://host/NAME.`)
  }
  const socketPath = options.socketPath()
  const location: ServerLocation = {
    kind,
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1') || options.text('host') || 'localhost',
    port: Number(parsed.port || options.text('port') || PORTS[kind]),
    socketPath,
    user: decoded(parsed.username, 'user') || options.text('user'),
    password: decoded(parsed.password, 'password') || options.text('password'),
    database,
    tls: kind === 'mysql' ? options.mysqlTls() : options.postgresTls(),
    connectTimeoutMs: options.seconds('connect_timeout', CONNECT_TIMEOUT_SECONDS) * 1000,
  }
  options.refuseUnknown()
  return location
}

/** What stands behind the `?`; whatever nobody asked for is refused in the end. */
class Options {
  readonly #kind: Kind
  readonly #given: URLSearchParams
  readonly #known = new Set<string>()
  #file: ClientFile = new Map()

  constructor(kind: Kind, given: URLSearchParams) {
    this.#kind = kind
    this.#given = given
    for (const name of UNUSED[kind]) this.#known.add(name)
  }

  /** An option left blank is not given, as in `?ssl_ca=`. */
  text(name: string): string | undefined {
    this.#known.add(name)
    const values = this.#given.getAll(name)
    if (values.length > 1) {
      throw new StartupRefusal(
        `[database] connection gives ${name} more than once; several servers want a proxy or a virtual address before them.`,
      )
    }
    return values[0] || this.#file.get(name) || undefined
  }

  /** Whatever the URL does not say, `read_default_file` may. */
  readFile(): void {
    const path = this.text('read_default_file')
    const group = this.text('read_default_group') ?? 'client'
    if (path !== undefined) this.#file = readClientFile(path, group)
  }

  truth(name: string): boolean | undefined {
    const given = this.text(name)?.toLowerCase()
    if (given === undefined) return undefined
    if (['true', '1', 'yes', 'on'].includes(given)) return true
    if (['false', '0', 'no', 'off'].includes(given)) return false
    throw new StartupRefusal(`[database] connection: ${name} is true or false.`)
  }

  seconds(name: string, otherwise: number): number {
    const given = this.text(name)
    if (given === undefined) return otherwise
    const value = Number(given)
    if (Number.isInteger(value) && value > 0 && value <= 3_600) return value
    throw new StartupRefusal(`[database] connection: ${name} is whole seconds, 1 to 3600.`)
  }

  socketPath(): string | undefined {
    if (this.#kind === 'mysql') return this.text('unix_socket')
    const host = this.text('host')
    return host?.startsWith('/') === true ? host : undefined
  }

  /** PyMySQL's names. Unlike there, a CA alone is enough to have chain and name checked. */
  mysqlTls(): ServerTls | undefined {
    const caFile = this.text('ssl_ca')
    const pair = this.#pair('ssl_cert', 'ssl_key')
    const isCertificateChecked = this.truth('ssl_verify_cert')
    const isNameChecked = this.truth('ssl_verify_identity')
    const isAsked = this.#fileTruth('ssl')
    // A file does not take back what the URL says.
    const isSaid = [...this.#given.keys()].some((name) => name.startsWith('ssl_'))
    const isDisabled = this.truth('ssl_disabled') ?? (isAsked === false && !isSaid)
    const isWanted =
      isAsked === true ||
      caFile !== undefined ||
      pair.certFile !== undefined ||
      isCertificateChecked !== undefined ||
      isNameChecked !== undefined
    if (isDisabled || !isWanted) return undefined
    const isChecked = isCertificateChecked ?? true
    return {
      caFile,
      ...pair,
      isCertificateChecked: isChecked,
      isNameChecked: isNameChecked ?? isChecked,
    }
  }

  /** An option that a file has and a URL has not; with nothing behind it, it is on. */
  #fileTruth(name: string): boolean | undefined {
    const given = this.#file.get(name)
    return given === undefined
      ? undefined
      : !['0', 'false', 'off', 'no'].includes(given.toLowerCase())
  }

  /** libpq's names. */
  postgresTls(): ServerTls | undefined {
    const mode = this.text('sslmode')
    const caFile = this.text('sslrootcert')
    const pair = this.#pair('sslcert', 'sslkey')
    const isGiven = caFile !== undefined || pair.certFile !== undefined
    if (mode === 'disable' || (mode === undefined && !isGiven)) return undefined
    const known = ['require', 'verify-ca', 'verify-full']
    if (mode !== undefined && !known.includes(mode)) {
      throw new StartupRefusal(
        `[database] connection: sslmode is one of disable, ${known.join(', ')}; ` +
          'what falls back to clear text when somebody interferes is not offered.',
      )
    }
    return {
      caFile: caFile === 'system' ? undefined : caFile,
      ...pair,
      // As in libpq: with a CA at hand, `require` checks the chain as well.
      isCertificateChecked: mode !== 'require' || caFile !== undefined,
      isNameChecked: mode === undefined || mode === 'verify-full',
    }
  }

  refuseUnknown(): void {
    const unknown = [...new Set(this.#given.keys())].filter((name) => !this.#known.has(name))
    if (unknown.length === 0) return
    throw new StartupRefusal(
      `[database] connection has options that are not known here: ${unknown.join(', ')}.`,
    )
  }

  #pair(cert: string, key: string) {
    const pair = { certFile: this.text(cert), keyFile: this.text(key) }
    if ((pair.certFile === undefined) === (pair.keyFile === undefined)) return pair
    throw new StartupRefusal(
      `[database] connection: ${cert} and ${key} belong together; only one of them is given.`,
    )
  }
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new StartupRefusal(
      `[database] connection: its ${what} holds a % that begins no %XX; write %25 for a %.`,
    )
  }
}

/** For people: no user, no password. */
export function placeOf({ kind, host, port, socketPath, database }: ServerLocation): string {
  const where = socketPath ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
  return `${kind === 'mysql' ? 'MariaDB or MySQL' : 'PostgreSQL'} at ${where}, database ${database}`
}
