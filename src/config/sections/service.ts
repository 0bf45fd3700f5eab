import { belowState, sqliteBelowState } from '../paths.ts'
import { derivedSetting, optionalSetting, setting } from '../setting.ts'
import { decimal, host, list, oneOf, port, seconds, text, truth, whole } from '../valueKinds.ts'

export const databaseSection = {
  connection: derivedSetting({
    explanation:
      'The database, as a SQLAlchemy-style URL: sqlite:///, mysql+pymysql:// (MariaDB as well) or postgresql://, with the options of those drivers for TLS. SQLite is for one machine; its relative paths lie below state_path.',
    kind: text,
    describes: 'sqlite:///{state_path}/gatehouse.sqlite',
    derive: ({ statePath }) => `sqlite:///${statePath}/gatehouse.sqlite`,
    secret: 'url',
    settle: sqliteBelowState,
    oldNames: ['DEFAULT.sql_connection', 'database.sql_connection', 'sql.connection'],
  }),
  max_pool_size: setting({
    explanation: 'Connections to a database server that each process keeps open.',
    kind: whole(1, 1_000),
    default: 10,
    oldNames: ['DEFAULT.sql_max_pool_size', 'DEFAULT.sql_pool_size'],
  }),
  max_overflow: setting({
    explanation:
      'Further connections in a busy moment; they are closed when they lay idle for half a minute.',
    kind: whole(0, 1_000),
    default: 10,
    oldNames: ['DEFAULT.sql_max_overflow', 'DEFAULT.sql_pool_max_overflow'],
  }),
  pool_timeout: setting({
    explanation: 'Seconds a request waits for a free connection before it is told 503.',
    kind: seconds(1, 600),
    default: 10,
  }),
  connection_recycle_time: setting({
    explanation: 'Seconds after which a connection is replaced by a new one.',
    kind: seconds(1, 86_400),
    default: 3_600,
    oldNames: ['DEFAULT.sql_idle_timeout', 'DATABASE.sql_idle_timeout', 'database.idle_timeout'],
  }),
  max_retries: setting({
    explanation:
      'How often a start tries again when the database server cannot be reached; -1 is for ever.',
    kind: whole(-1, 100_000),
    default: 10,
    oldNames: ['DEFAULT.sql_max_retries', 'DATABASE.sql_max_retries'],
  }),
  retry_interval: setting({
    explanation: 'Seconds between those attempts.',
    kind: seconds(1, 3_600),
    default: 10,
    oldNames: ['DEFAULT.sql_retry_interval', 'DATABASE.reconnect_interval'],
  }),
  mysql_wsrep_sync_wait: setting({
    explanation:
      'Galera: what waits until this node has applied what was acknowledged elsewhere. 7 is reads and changes; with 1, reads alone, a change may overlook a quota that another node has just set.',
    kind: whole(0, 15),
    default: 7,
  }),
}

export const middlewareSection = {
  enable_proxy_headers_parsing: setting({
    explanation:
      'Believe Forwarded, X-Forwarded-Host and X-Forwarded-Prefix of everybody. Better: name the proxies in ' +
      '[listener] trusted_proxies, which then decides alone.',
    kind: truth,
    default: false,
  }),
  max_request_body_size: setting({
    explanation:
      'A second bound on request bodies; the smaller one of this and max_allowed_request_size_in_bytes counts.',
    kind: whole(0),
    default: 114_688,
  }),
}

const HEADERS_TOLD = [
  'X-Auth-Token',
  'X-Openstack-Request-Id',
  'X-Project-Id',
  'X-Identity-Status',
  'X-User-Id',
  'X-Storage-Token',
  'X-Domain-Id',
  'X-User-Domain-Id',
  'X-Project-Domain-Id',
  'X-Roles',
]

export const corsSection = {
  allowed_origin: setting({
    explanation: 'Origins whose pages may call this API from a browser; `*` is any. Empty: none.',
    kind: list,
    default: [],
  }),
  allow_credentials: setting({
    explanation: 'Let those pages send credentials.',
    kind: truth,
    default: true,
  }),
  expose_headers: setting({
    explanation: 'Response headers those pages may read.',
    kind: list,
    default: HEADERS_TOLD,
  }),
  max_age: setting({
    explanation: 'Seconds a browser may remember a preflight answer.',
    kind: whole(0),
    default: 3600,
  }),
  allow_methods: setting({
    explanation: 'Methods those pages may use.',
    kind: list,
    default: ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'],
  }),
  allow_headers: setting({
    explanation: 'Request headers those pages may send, besides the simple ones.',
    kind: list,
    default: [...HEADERS_TOLD, 'OpenStack-API-Version'],
  }),
}

export const healthcheckSection = {
  disable_by_file_path: optionalSetting({
    explanation:
      'While this file exists /healthcheck answers 503, so a load balancer takes the node out. Unset: any of ' +
      '/etc/gatehouse/healthcheck_disable, /etc/barbican/healthcheck_disable and healthcheck_disable below state_path.',
    kind: text,
    settle: belowState,
  }),
  with_readiness: setting({
    explanation:
      'Let /healthcheck answer 503 also while /readyz does, as when the database is away, so that one check of a ' +
      'load balancer, on the way that requests take, sees both.',
    kind: truth,
    default: false,
  }),
}

export const adminSection = {
  enabled: setting({
    explanation: 'Serve /metrics and /readyz on a listener of their own.',
    kind: truth,
    default: true,
  }),
  bind_host: setting({
    explanation:
      'Where it listens. It asks nobody who they are: keep it on loopback or a management network.',
    kind: host,
    default: '127.0.0.1',
  }),
  bind_port: setting({
    explanation: 'Its port. 0 takes any free one.',
    kind: port,
    default: 9312,
  }),
}

export const gatehouseSection = {
  unseal_socket: setting({
    explanation:
      'The Unix socket, mode 0600, where `gatehouse unseal` brings shares of a sealed keyring ([keyring] protection = shares).',
    kind: text,
    default: 'unseal.sock',
    settle: belowState,
  }),
  report_key_file: setting({
    explanation:
      'The private key (P-256, PEM, 0600) that signs the reports of shredded projects; made when missing. ' +
      'Give every node the same one, or keep the public halves of all (`gatehouse project report key`).',
    kind: text,
    default: 'report-key.pem',
    settle: belowState,
  }),
  nameless_secrets: setting({
    explanation:
      'What the metadata of a secret without name answers as `name`. `null` as Barbican does; `id` answers its id, which spares castellan 13 of 15 requests.',
    kind: oneOf('null', 'id'),
    default: 'null',
  }),
  log_format: setting({
    explanation:
      '`json`: one JSON object per line. `text`: for people, on standard error alone. `oslo`: as oslo.log writes lines, for its parsers. ' +
      '`auto`: what [DEFAULT] use_json says; without it, text on a terminal, else JSON.',
    kind: oneOf('auto', 'json', 'text', 'oslo'),
    default: 'auto',
  }),
  access_log: setting({
    explanation:
      'Which requests get a line in the access log: all, only those answered with 4xx or 5xx, or none.',
    kind: oneOf('all', 'errors', 'none'),
    default: 'all',
  }),
  access_log_sample: setting({
    explanation:
      'The share of successful requests, and of those answered 429, that is logged, from 0 to 1. Other errors always are.',
    kind: decimal(0, 1),
    default: 1,
  }),
  access_log_file: optionalSetting({
    explanation: 'Write the access log here instead of into the log. Relative: below state_path.',
    kind: text,
    settle: belowState,
  }),
  audit_log: setting({
    explanation: 'Write one audit line per decision.',
    kind: truth,
    default: true,
  }),
  audit_log_file: setting({
    explanation:
      'The file of audit lines, mode 0600. Relative: below state_path. SIGHUP opens it anew.',
    kind: text,
    default: 'audit.log',
    settle: belowState,
  }),
  loop_delay_limit_ms: setting({
    explanation:
      'While the event loop runs later than this, only health checks, discovery and reads of a secret whose caller and project key are at hand are ' +
      'answered; all else gets 503. 0: never.',
    kind: whole(0, 60_000),
    default: 1000,
  }),
  max_requests_at_once: setting({
    explanation:
      'The same while so many requests are waiting and under way, in each worker. As many again may wait to hear from Keystone who they are; beyond ' +
      'that, tokens that are not at hand get 503. 0: never.',
    kind: whole(0, 1_000_000),
    default: 1000,
  }),
  order_worker: setting({
    explanation:
      'Make key pairs (orders of type asymmetric) in this process, in a niced child of it. Off: they wait for a process where it is on.',
    kind: truth,
    default: true,
  }),
  keep_alive_timeout: setting({
    explanation:
      'How long an idle connection stays open. Clients that do not retry a reset connection need it long.',
    kind: seconds(1, 3600),
    default: 90,
  }),
  request_timeout: setting({
    explanation: 'How long a request may take to arrive as a whole.',
    kind: seconds(1, 3600),
    default: 60,
  }),
  headers_timeout: setting({
    explanation: 'How long the headers of a request may take to arrive, and a TLS handshake.',
    kind: seconds(1, 3600),
    default: 20,
  }),
  answer_timeout: setting({
    explanation: 'How long a client may take to read an answer; then its connection is cut.',
    kind: seconds(1, 3600),
    default: 60,
  }),
  max_connections: setting({
    explanation: 'The most connections at a time, to each worker; more are refused.',
    kind: whole(1, 1_000_000),
    default: 10_000,
  }),
  max_connections_per_client: setting({
    explanation:
      'The most of one address (for IPv6, of its /64), to each worker; more are closed. Those of [listener] trusted_proxies do not count unless a PROXY ' +
      'header says whose they are. 0: no bound.',
    kind: whole(0, 1_000_000),
    default: 0,
  }),
}
