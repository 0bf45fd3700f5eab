import type { Mistake } from './settingsMistake.ts'
import type { Origin } from './settingsResolver.ts'
import type { Sections } from './settingsTable.ts'
import { TOKEN_CACHE_CHECKS } from './tokenCacheChecks.ts'
import { parseTransportUrl } from './transportUrl.ts'

interface Resolved {
  originOf(section: string, option: string): Origin
  /** Is the option given, but not usable? Then a check would complain about its default. */
  isBroken(section: string, option: string): boolean
}

interface Check {
  readonly section: keyof Sections
  readonly option: string
  /** Options of the section it depends on besides. */
  readonly reads?: readonly string[]
  /** What is wrong, undefined when nothing is. */
  readonly judge: (settings: Sections) => string | undefined
}

/** What one option alone cannot tell. */
const CHECKS: readonly Check[] = [
  {
    section: 'DEFAULT',
    option: 'allow_anonymous_access',
    judge: ({ DEFAULT }) =>
      DEFAULT.allow_anonymous_access
        ? 'is true; a key manager that does not know who is asking cannot decide, so requests without a token are always refused: take it out'
        : undefined,
  },
  {
    section: 'DEFAULT',
    option: 'workers',
    judge: ({ DEFAULT, database }) =>
      typeof DEFAULT.workers === 'number' && DEFAULT.workers > 1 && isSqlite(database.connection)
        ? `is ${DEFAULT.workers}; SQLite takes one writing process, so on SQLite it is 1 or auto: use MariaDB or PostgreSQL for more`
        : undefined,
  },
  {
    section: 'DEFAULT',
    option: 'bind_host',
    judge: ({ DEFAULT }) =>
      DEFAULT.auth_strategy === 'noauth' && !isLocal(DEFAULT.bind_host)
        ? `is ${DEFAULT.bind_host}, and auth_strategy is noauth, where every caller is who he says he is: listen on 127.0.0.1, ::1 or unix:/path`
        : undefined,
  },
  {
    section: 'cors',
    option: 'allowed_origin',
    judge: ({ DEFAULT, cors }) =>
      DEFAULT.auth_strategy === 'noauth' && cors.allowed_origin.length > 0
        ? 'is given, and auth_strategy is noauth: any page of such an origin could read every secret through a browser on this machine'
        : undefined,
  },
  {
    section: 'keystone_authtoken',
    option: 'auth_url',
    judge: ({ DEFAULT, keystone_authtoken: { auth_url } }) =>
      DEFAULT.auth_strategy === 'keystone' && auth_url === undefined
        ? 'is missing, and auth_strategy is keystone'
        : undefined,
  },
  {
    section: 'keystone_authtoken',
    option: 'auth_type',
    reads: [
      'username',
      'user_id',
      'password',
      'project_name',
      'project_id',
      'application_credential_id',
      'application_credential_name',
      'application_credential_secret',
    ],
    judge: (settings) =>
      settings.DEFAULT.auth_strategy === 'keystone' ? missingCredentials(settings) : undefined,
  },
  {
    section: 'keystone_authtoken',
    option: 'certfile',
    judge: ({ keystone_authtoken: { certfile, keyfile } }) =>
      (certfile === undefined) !== (keyfile === undefined)
        ? 'and keyfile belong together; only one of them is given'
        : undefined,
  },
  ...TOKEN_CACHE_CHECKS.map(
    ({ option, reads = [], judge }): Check => ({
      section: 'token_cache',
      option,
      reads: ['backend', ...reads],
      judge: (settings) => (settings.token_cache.backend === 'none' ? undefined : judge(settings)),
    }),
  ),
  {
    section: 'token',
    option: 'jwks_url',
    judge: ({ token }) =>
      token.jwks_url !== undefined && (token.issuer === undefined || token.audience === undefined)
        ? 'needs issuer and audience beside it: a token of another issuer, or for another service, must not be taken'
        : undefined,
  },
  {
    section: 'token',
    option: 'default_ttl',
    judge: ({ token }) =>
      token.default_ttl > token.max_ttl
        ? `is ${token.default_ttl} s, more than max_ttl (${token.max_ttl} s)`
        : undefined,
  },
  {
    section: 'oslo_messaging_notifications',
    option: 'transport_url',
    judge: ({
      keystone_notifications: { enable },
      oslo_messaging_notifications: { transport_url },
    }) =>
      enable && (transport_url === undefined || parseTransportUrl(transport_url) === undefined)
        ? 'and that of [DEFAULT] name no broker, and [keystone_notifications] enable is true: give rabbit://USER:PASSWORD@HOST:PORT/VHOST'
        : undefined,
  },
  {
    section: 'keystone_notifications',
    option: 'confirm',
    judge: ({ DEFAULT, keystone_notifications: { enable, confirm } }) =>
      enable && confirm && DEFAULT.auth_strategy !== 'keystone'
        ? `is true, and auth_strategy is ${DEFAULT.auth_strategy}, so there is no Keystone to ask: with false a message alone destroys a project`
        : undefined,
  },
  {
    section: 'keystone_notifications',
    option: 'poll_interval',
    judge: ({ DEFAULT, keystone_notifications: { poll_interval } }) =>
      poll_interval > 0 && DEFAULT.auth_strategy !== 'keystone'
        ? `is given, and auth_strategy is ${DEFAULT.auth_strategy}, so there is no Keystone to ask`
        : undefined,
  },
  {
    section: 'oslo_messaging_rabbit',
    option: 'ssl_cert_file',
    judge: ({ oslo_messaging_rabbit: { ssl_cert_file, ssl_key_file } }) =>
      (ssl_cert_file === undefined) !== (ssl_key_file === undefined)
        ? 'and ssl_key_file belong together; only one of them is given'
        : undefined,
  },
  {
    section: 'listener',
    option: 'proxy_protocol',
    reads: ['trusted_proxies'],
    judge: ({ listener }) =>
      listener.proxy_protocol && listener.trusted_proxies.length === 0
        ? 'is true, and trusted_proxies is empty: name those who may say whom they speak for'
        : undefined,
  },
  {
    section: 'admin',
    option: 'bind_port',
    judge: ({ DEFAULT, admin }) =>
      admin.enabled &&
      admin.bind_port !== 0 &&
      admin.bind_port === DEFAULT.bind_port &&
      admin.bind_host === DEFAULT.bind_host
        ? `is ${admin.bind_port}, the port of the API on the same address: the two are separate listeners`
        : undefined,
  },
]

export function crossCheck(settings: Sections, resolved: Resolved): readonly Mistake[] {
  return CHECKS.flatMap(({ section, option, reads = [], judge }) => {
    if ([option, ...reads].some((name) => resolved.isBroken(section, name))) return []
    const what = judge(settings)
    if (what === undefined) return []
    const origin = resolved.originOf(section, option)
    const where = origin.kind === 'given' ? origin.where : 'settings'
    return [{ where, what: `[${section}] ${option} ${what}` }]
  })
}

function missingCredentials({ keystone_authtoken: section }: Sections): string | undefined {
  if (section.auth_type === 'v3applicationcredential') {
    const hasUser = section.username !== undefined || section.user_id !== undefined
    const isNamed =
      section.application_credential_id !== undefined ||
      (section.application_credential_name !== undefined && hasUser)
    return isNamed && section.application_credential_secret !== undefined
      ? undefined
      : 'is v3applicationcredential, which needs application_credential_id (or _name with username) and application_credential_secret'
  }
  const missing = [
    section.username === undefined && section.user_id === undefined ? 'username' : '',
    section.password === undefined ? 'password' : '',
    section.project_name === undefined && section.project_id === undefined ? 'project_name' : '',
  ].filter((name) => name !== '')
  return missing.length === 0
    ? undefined
    : `is ${section.auth_type}, which needs ${missing.join(' and ')} beside it`
}

function isSqlite(connection: string): boolean {
  return /^sqlite(\+\w+)?:/i.test(connection)
}

function isLocal(bindHost: string): boolean {
  return bindHost.startsWith('unix:') || ['127.0.0.1', '::1', 'localhost'].includes(bindHost)
}
