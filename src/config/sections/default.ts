import { isAbsolute, join } from 'node:path'
import { derivedSetting, type Given, optionalSetting, setting } from '../setting.ts'
import {
  absolutePath,
  hostOrSocket,
  list,
  oneOf,
  port,
  seconds,
  text,
  truth,
  urlOrBlank,
  type ValueKind,
  whole,
} from '../valueKinds.ts'
import { logFormOptions } from './logForms.ts'

const workerCount: ValueKind<number | 'auto'> = {
  wants: 'auto, or a whole number from 1 to 256',
  blankIsUnset: true,
  isMulti: false,
  parse: (texts) => (texts.at(-1)?.trim() === 'auto' ? 'auto' : whole(1, 256).parse(texts)),
  print: (value) => [String(value)],
}

export const defaultSection = {
  bind_host: setting({
    explanation:
      'Where the API listens: a host name, an address, `unix:/path` for a socket (mode 0600 unless [listener] says otherwise), ' +
      'or `systemd` for the sockets that systemd hands over, `systemd:NAME` for those of one FileDescriptorName.',
    kind: hostOrSocket,
    default: '127.0.0.1',
  }),
  bind_port: setting({
    explanation: 'The TCP port of the API. 0 takes any free port.',
    kind: port,
    default: 9311,
  }),
  backlog: setting({
    explanation: 'How many connections the kernel may hold before they are accepted.',
    kind: whole(1, 65_535),
    default: 4096,
  }),
  host_href: derivedSetting({
    explanation:
      'The address clients reach this service by; every reference handed out begins with it. ' +
      'Present but blank: taken from each request (Host, X-Forwarded-Proto).',
    kind: urlOrBlank('http', 'https'),
    describes:
      'http://{bind_host}:{bind_port}, https with [ssl] cert_file; blank when bind_host is a wildcard or a socket',
    derive: hrefOfListener,
  }),
  state_path: derivedSetting({
    explanation:
      'The folder for all that this node keeps: database, keyring, signing key. Made with mode 0700 when missing.',
    kind: absolutePath,
    describes:
      '$STATE_DIRECTORY, else state/ beside package.json in a source tree, else /var/lib/gatehouse',
    derive: ({ place }) => {
      const byService = place.stateDirectory?.split(':')[0]
      if (byService !== undefined && isAbsolute(byService)) return byService
      return place.isClone ? join(place.packageRoot, 'state') : '/var/lib/gatehouse'
    },
  }),
  auth_strategy: derivedSetting({
    explanation:
      'Who says who is calling. `keystone`: tokens are validated at Keystone. `token`: signed tokens of our own ' +
      '(`gatehouse token issue`) or of an issuer with a JWKS. `noauth`: the request says it itself; loopback or socket only.',
    kind: oneOf('keystone', 'token', 'noauth'),
    describes:
      'keystone when [keystone_authtoken] has auth_url or www_authenticate_uri, else token',
    derive: (given) =>
      ['auth_url', 'www_authenticate_uri'].some((option) =>
        Boolean(given.text('keystone_authtoken', option)),
      )
        ? 'keystone'
        : 'token',
  }),
  workers: setting({
    explanation:
      'Processes that share the port, each with its own pool of database connections. `auto` is one per core on a database server and 1 on SQLite, which allows no more.',
    kind: workerCount,
    default: 'auto',
  }),
  admin_role: setting({
    explanation: 'The role that makes a caller `is_admin` for policy rules.',
    kind: text,
    default: 'admin',
  }),
  noauth_default_roles: setting({
    explanation: 'Roles of a `noauth` request that names none in X-Roles. Empty: it has no roles.',
    kind: list,
    default: [],
  }),
  allow_anonymous_access: setting({
    explanation:
      'Refused when true. Barbican lets requests without a token in; a key manager should know who is asking.',
    kind: truth,
    default: false,
  }),
  debug: setting({
    explanation: 'Log at level debug.',
    kind: truth,
    default: false,
  }),
  log_file: optionalSetting({
    explanation:
      'Log into this file instead of standard error; relative to log_dir. SIGHUP opens it anew.',
    kind: text,
    oldNames: ['DEFAULT.logfile'],
  }),
  log_dir: optionalSetting({
    explanation: 'The folder of log_file. Given alone, the file in it is gatehouse.log.',
    kind: text,
    oldNames: ['DEFAULT.logdir'],
  }),
  use_stderr: setting({
    explanation:
      'Log to standard error as well when there is a log_file. Without one, standard error is where logs go.',
    kind: truth,
    default: false,
  }),
  ...logFormOptions,
  max_allowed_secret_in_bytes: setting({
    explanation: 'The largest payload, as it arrives (base64 text counts as text).',
    kind: whole(1, 64 * 1024 * 1024),
    default: 20_000,
  }),
  max_allowed_request_size_in_bytes: setting({
    explanation: 'The largest request body.',
    kind: whole(1, 128 * 1024 * 1024),
    default: 25_000,
  }),
  default_limit_paging: setting({
    explanation: 'Items on a page when the request has no `limit`.',
    kind: whole(1, 1_000_000),
    default: 10,
  }),
  max_limit_paging: setting({
    explanation: 'The most items on a page, whatever `limit` asks for.',
    kind: whole(1, 1_000_000),
    default: 100,
  }),
  transport_url: optionalSetting({
    explanation:
      'The message broker: `rabbit://USER:PASSWORD@HOST:PORT,USER:PASSWORD@HOST:PORT/VHOST`; hosts are tried in turn. Only [keystone_notifications] uses it.',
    kind: text,
    secret: 'url',
  }),
  graceful_shutdown_timeout: setting({
    explanation: 'How long requests under way may take to finish after SIGTERM or SIGINT.',
    kind: seconds(0, 3600),
    default: 30,
  }),
}

/** A wildcard or a socket is no address a client could call, so refs then follow the request. */
function hrefOfListener(given: Given): string {
  const { bindHost: host, bindPort } = given
  if (/^(unix:|systemd(:|$))/.test(host) || host === '0.0.0.0' || host === '::') return ''
  const scheme = (given.text('ssl', 'cert_file') ?? '').trim() === '' ? 'http' : 'https'
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bindPort}`
}
