import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, suite, test } from 'node:test'
import { parseDatabaseUrl } from '../../../src/db/databaseLocation.ts'
import { placeOf } from '../../../src/db/server/serverLocation.ts'
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
  'another database': ['oracle://barbican:hunter2@db/barbican', /known are sqlite, mysql/],
  'a server without a database': ['mysql://barbican:hunter2@db', /names no database/],
  'a server nobody can read': ['postgresql://barbican:hunter2@db:x/barbican', /cannot be read/],
  'a password with a lone %': ['mysql://barbican:hunter2%@db/barbican', /write %25/],
  'an option nobody knows': [
    'mysql://db/barbican?ssl_cipher=hunter2',
    /not known here: ssl_cipher/,
  ],
  'half a client certificate': ['postgresql://db/barbican?sslcert=/c.pem', /belong together/],
  'clear text as a way out': ['postgresql://db/barbican?sslmode=prefer', /clear text/],
  'several hosts': ['postgresql:///barbican?host=a&host=b', /more than once/],
  'no truth': ['mysql://db/barbican?ssl_verify_cert=hunter2', /true or false/],
  'no time': ['mysql://db/barbican?connect_timeout=0', /1 to 3600/],
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

const SERVER = {
  host: 'db',
  socketPath: undefined,
  user: 'barbican',
  password: 'hunter2',
  database: 'barbican',
  tls: undefined,
  connectTimeoutMs: 5_000,
}
const MYSQL = { ...SERVER, kind: 'mysql', port: 3306 }
const POSTGRESQL = { ...SERVER, kind: 'postgresql', port: 5432 }
const TLS = {
  caFile: '/ca.pem',
  certFile: undefined,
  keyFile: undefined,
  isCertificateChecked: true,
  isNameChecked: true,
}
const PAIR = { certFile: '/c.pem', keyFile: '/k.pem' }

const READ: Readonly<Record<string, object>> = {
  'mysql+pymysql://barbican:hunter2@db/barbican': MYSQL,
  'mysql+pymysql://barbican:hunter2@db/barbican?charset=utf8': MYSQL,
  'mariadb+mysqldb://barbican:hunter2@db:3307/barbican': { ...MYSQL, port: 3307 },
  'mysql://barbican:p%40ss%3A%2F%25@db/barbican': { ...MYSQL, password: 'p@ss:/%' },
  'mysql://barbican:hunter2@[fd00::1]/barbican': { ...MYSQL, host: 'fd00::1' },
  'mysql://barbican:hunter2@localhost/barbican?unix_socket=/run/mysqld/mysqld.sock': {
    ...MYSQL,
    host: 'localhost',
    socketPath: '/run/mysqld/mysqld.sock',
  },
  // As openstack-ansible writes it: whom the system trusts, chain and name checked.
  'mysql+pymysql://barbican:hunter2@db/barbican?charset=utf8&ssl_verify_cert=true&ssl_ca=': {
    ...MYSQL,
    tls: { ...TLS, caFile: undefined },
  },
  'mysql+pymysql://barbican:hunter2@db/barbican?ssl_ca=/ca.pem': { ...MYSQL, tls: TLS },
  'mysql+pymysql://barbican:hunter2@db/barbican?ssl_ca=/ca.pem&ssl_cert=/c.pem&ssl_key=/k.pem&ssl_verify_identity=false':
    { ...MYSQL, tls: { ...TLS, ...PAIR, isNameChecked: false } },
  'mysql+pymysql://barbican:hunter2@db/barbican?ssl_verify_cert=false': {
    ...MYSQL,
    tls: { ...TLS, caFile: undefined, isCertificateChecked: false, isNameChecked: false },
  },
  'mysql+pymysql://barbican:hunter2@db/barbican?ssl_ca=/ca.pem&ssl_disabled=true': MYSQL,
  'postgresql://barbican:hunter2@db/barbican': POSTGRESQL,
  'postgresql+psycopg2://barbican:hunter2@db/barbican?sslmode=disable': POSTGRESQL,
  'postgresql+psycopg2://barbican:hunter2@/barbican?host=/run/postgresql&connect_timeout=2': {
    ...POSTGRESQL,
    host: 'localhost',
    socketPath: '/run/postgresql',
    connectTimeoutMs: 2_000,
  },
  'postgresql://barbican:hunter2@db/barbican?sslmode=require': {
    ...POSTGRESQL,
    tls: { ...TLS, caFile: undefined, isCertificateChecked: false, isNameChecked: false },
  },
  'postgresql://barbican:hunter2@db/barbican?sslmode=require&sslrootcert=/ca.pem': {
    ...POSTGRESQL,
    tls: { ...TLS, isNameChecked: false },
  },
  'postgresql://barbican:hunter2@db/barbican?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem':
    { ...POSTGRESQL, tls: { ...TLS, ...PAIR } },
}

for (const [url, location] of Object.entries(READ)) {
  test(`reads ${url}`, () => {
    assert.deepEqual(parseDatabaseUrl(url), location)
  })
}

test('names a server without user and password', () => {
  const location = parseDatabaseUrl('mysql://barbican:hunter2@[fd00::1]/keys')
  assert.ok(location.kind !== 'sqlite')
  assert.equal(placeOf(location), 'MariaDB or MySQL at [fd00::1]:3306, database keys')
})

suite('read_default_file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-my-cnf-'))
  after(() => rmSync(folder, { recursive: true }))
  const read = (content: string, more = '', user = 'barbican:hunter2@') => {
    const path = join(folder, 'my.cnf')
    writeFileSync(path, content)
    const location = parseDatabaseUrl(
      `mysql+pymysql://${user}db/barbican?read_default_file=${path}${more}`,
    )
    assert.ok(location.kind === 'mysql')
    return location
  }
  const CHECKED = { isCertificateChecked: true, isNameChecked: true }

  test('of an operator of Kubernetes turns TLS on, with its CA, chain and name checked', () => {
    const pair = { certFile: undefined, keyFile: undefined }
    assert.deepEqual(read('[client]\nssl=1\nssl-ca=/etc/ca.crt\n').tls, {
      caFile: '/etc/ca.crt',
      ...pair,
      ...CHECKED,
    })
    assert.deepEqual(read('[client]\nssl=1\n').tls, { caFile: undefined, ...pair, ...CHECKED })
    assert.equal(read('[client]\nssl=0\n').tls, undefined)
    assert.equal(read('[client]\n').tls, undefined)
  })

  test('gives user, password, socket and client certificate that the URL does not', () => {
    const content =
      '!includedir /etc/my.cnf.d\n[mysqld]\nuser = mysql\n# [client]\n[client]\nuser = keys\n' +
      "password='p=w # word'\nsocket = /run/my.sock\nssl_cert=/c.pem\nssl-key = /k.pem\ncompress\n[mysql]\nuser = other\n"
    const found = read(content, '', '')
    assert.equal(found.user, 'keys')
    assert.equal(found.password, 'p=w # word')
    assert.equal(found.socketPath, '/run/my.sock')
    assert.equal(found.tls?.certFile, '/c.pem')
    assert.equal(found.tls?.keyFile, '/k.pem')
  })

  test('says nothing against the URL, and is read in the group that the URL names', () => {
    const content = '[client]\nuser = keys\nssl=0\nssl-ca = /other.pem\n[ours]\nport = 3307\n'
    assert.equal(read(content).user, 'barbican')
    assert.equal(read(content, '&ssl_ca=/ours.pem').tls?.caFile, '/ours.pem')
    assert.equal(read(content, '&read_default_group=ours').port, 3307)
  })

  test('that cannot be read is refused, for what it was to say may be TLS', () => {
    assert.throws(
      () => parseDatabaseUrl('mysql://u:hunter2@db/barbican?read_default_file=/nowhere/my.cnf'),
      { message: /the file \/nowhere\/my\.cnf of read_default_file cannot be read/ },
    )
  })

  test('that says half of what it has to is refused, with nothing of its content', () => {
    assert.throws(
      () => read('[client]\npassword = hunter3\nssl-cert = /c.pem\n'),
      (error: unknown) => {
        assert.ok(error instanceof StartupRefusal)
        assert.match(error.message, /belong together/)
        assert.doesNotMatch(error.message, /hunter/)
        return true
      },
    )
  })
})
