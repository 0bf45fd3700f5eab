import { besideConfig } from '../paths.ts'
import { derivedOptionalSetting, type Given, optionalSetting, setting } from '../setting.ts'
import { manyLists, oneOf, seconds, text, truth, url, whole } from '../valueKinds.ts'

const SECTION = 'keystone_authtoken'

/** keystonemiddleware leaves the domain out and Keystone then refuses; `default` is what was meant. */
function defaultDomain(...unless: readonly string[]) {
  return (given: Given): string | undefined =>
    unless.some((option) => Boolean(given.text(SECTION, option))) ? undefined : 'default'
}

export const keystoneAuthtokenSection = {
  www_authenticate_uri: derivedOptionalSetting({
    explanation: 'The address of Keystone that a 401 tells clients in WWW-Authenticate.',
    kind: url('http', 'https'),
    describes: 'auth_url',
    derive: (given) => given.text(SECTION, 'auth_url') || undefined,
    oldNames: ['keystone_authtoken.auth_uri'],
  }),
  auth_url: derivedOptionalSetting({
    explanation: 'The address of Keystone that this service uses itself, with or without /v3.',
    kind: url('http', 'https'),
    describes: 'www_authenticate_uri',
    derive: (given) => given.text(SECTION, 'www_authenticate_uri') || undefined,
  }),
  auth_type: setting({
    explanation: 'How this service logs in at Keystone.',
    kind: oneOf('password', 'v3password', 'v3applicationcredential'),
    default: 'password',
    oldNames: ['keystone_authtoken.auth_plugin'],
  }),
  username: optionalSetting({
    explanation: 'The service user.',
    kind: text,
    oldNames: ['keystone_authtoken.user_name'],
  }),
  user_id: optionalSetting({
    explanation: 'The service user by id, instead of its name and domain.',
    kind: text,
  }),
  password: optionalSetting({
    explanation: 'The password of the service user.',
    kind: text,
    secret: 'whole',
  }),
  user_domain_name: optionalSetting({
    explanation: 'The domain of the service user, by name.',
    kind: text,
  }),
  user_domain_id: derivedOptionalSetting({
    explanation: 'The domain of the service user, by id.',
    kind: text,
    describes: '`default` when the user has neither user_id nor user_domain_name',
    derive: defaultDomain('user_id', 'user_domain_name'),
  }),
  project_name: optionalSetting({
    explanation: 'The project the service user works in, by name.',
    kind: text,
    oldNames: ['keystone_authtoken.tenant_name'],
  }),
  project_id: optionalSetting({
    explanation: 'The project the service user works in, by id.',
    kind: text,
    oldNames: ['keystone_authtoken.tenant_id'],
  }),
  project_domain_name: optionalSetting({
    explanation: 'The domain of that project, by name.',
    kind: text,
  }),
  project_domain_id: derivedOptionalSetting({
    explanation: 'The domain of that project, by id.',
    kind: text,
    describes: '`default` when the project has neither project_id nor project_domain_name',
    derive: defaultDomain('project_id', 'project_domain_name'),
  }),
  application_credential_id: optionalSetting({
    explanation: 'With auth_type v3applicationcredential: which one, by id.',
    kind: text,
  }),
  application_credential_name: optionalSetting({
    explanation: 'The same by name, together with the user it belongs to.',
    kind: text,
  }),
  application_credential_secret: optionalSetting({
    explanation: 'The secret of the application credential.',
    kind: text,
    secret: 'whole',
  }),
  cafile: optionalSetting({
    explanation: "CA certificates (PEM) that Keystone's certificate must chain to.",
    kind: text,
    settle: besideConfig,
  }),
  certfile: optionalSetting({
    explanation: 'Client certificate (PEM) shown to Keystone.',
    kind: text,
    settle: besideConfig,
  }),
  keyfile: optionalSetting({
    explanation: 'Its private key (PEM).',
    kind: text,
    settle: besideConfig,
  }),
  insecure: setting({
    explanation:
      "Do not check Keystone's certificate. Whoever sits in between then decides who is who.",
    kind: truth,
    default: false,
  }),
  region_name: optionalSetting({
    explanation:
      'The region whose Keystone to look up in the catalog. auth_url is used as it stands.',
    kind: text,
    unused: 'Keystone is reached at auth_url',
  }),
  interface: setting({
    explanation: 'The catalog interface of Keystone. auth_url is used as it stands.',
    kind: text,
    default: 'internal',
    unused: 'Keystone is reached at auth_url',
  }),
  service_type: setting({
    explanation: 'The service type that access rules of application credentials must name.',
    kind: text,
    default: 'key-manager',
  }),
  service_token_roles: setting({
    explanation: 'Roles of which a service token needs one.',
    kind: manyLists,
    default: ['service'],
  }),
  service_token_roles_required: setting({
    explanation:
      'Refuse a service token without such a role even where the user token is valid by itself. ' +
      'Expired user tokens need one always.',
    kind: truth,
    default: false,
  }),
  token_cache_time: setting({
    explanation:
      "How long Keystone's answer about a token is used without asking again. 0 asks every time; " +
      'a revoked token works for at most this long.',
    kind: seconds(0, 86_400),
    default: 300,
  }),
  token_stale_time: setting({
    explanation:
      'How long after its last validation a token is still taken while Keystone is down. 0: never.',
    kind: seconds(0, 86_400),
    default: 600,
  }),
  http_connect_timeout: setting({
    explanation: 'How long one call to Keystone may take.',
    kind: seconds(1, 600),
    default: 10,
  }),
  http_request_max_retries: setting({
    explanation: 'How often a failed call to Keystone is tried again.',
    kind: whole(0, 20),
    default: 3,
  }),
  memcached_servers: setting({
    explanation: 'Tokens are cached in each process; [token_cache] is what processes share.',
    kind: manyLists,
    default: [],
    oldNames: ['keystone_authtoken.memcache_servers'],
    unused: 'tokens are cached in each process',
  }),
}
