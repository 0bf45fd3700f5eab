import type { RuleName } from '../../src/policy/defaultRules.ts'

/*
 * Who may do what: Barbican's own answers, measured over HTTP and with oslo.policy 4.0, rule x state x role in
 * both modes. Written down, never computed: the unit test and the test through the door hold the house to it.
 */

/** The letters of a row, in this order. Keystone's implied roles make an admin a member and a reader too. */
export const COLUMNS = {
  adm: ['admin', 'member', 'reader'],
  mem: ['member', 'reader'],
  rdr: ['reader'],
  cre: ['creator'],
  obs: ['observer'],
  aud: ['audit'],
  svc: ['key-manager:service-admin'],
} as const

/** The record in the eyes of the caller: whose, how open, in its read ACL or not, in which project. */
export type StateName =
  `${'own' | 'foreign'} ${'public' | 'private'}${'' | ' ACL'}${'' | ', other project'}`

export const STATE_NAMES: readonly StateName[] = (['', ', other project'] as const).flatMap(
  (project) =>
    (['', ' ACL'] as const).flatMap((acl) =>
      (['own', 'foreign'] as const).flatMap((owner) =>
        (['public', 'private'] as const).map(
          (privacy) => `${owner} ${privacy}${acl}${project}` as const,
        ),
      ),
    ),
)

/** Verdicts by state; a state that is not named has the row under "else". */
export type Rows = Readonly<Partial<Record<StateName, string>> & { else: string }>
export type Matrix = Readonly<Record<RuleName, Rows>>

export const NOBODY = '- - - - - - -'
/** Only a place in the ACL opens to a role the key manager does not know. */
export const EVERYBODY = 'Y Y Y Y Y Y Y'

const ACL_OPENS: Partial<Record<StateName, string>> = {
  'own public ACL': EVERYBODY,
  'own private ACL': EVERYBODY,
  'foreign public ACL': EVERYBODY,
  'foreign private ACL': EVERYBODY,
  'own public ACL, other project': EVERYBODY,
  'own private ACL, other project': EVERYBODY,
  'foreign public ACL, other project': EVERYBODY,
  'foreign private ACL, other project': EVERYBODY,
}

/** Rows that look at owner and project alone. */
function byOwner(own: string, foreign: string): Rows {
  return {
    'own public': own,
    'own private': own,
    'own public ACL': own,
    'own private ACL': own,
    'foreign public': foreign,
    'foreign private': foreign,
    'foreign public ACL': foreign,
    'foreign private ACL': foreign,
    else: NOBODY,
  }
}
const inProject = (row: string): Rows => byOwner(row, row)
const always = (row: string): Rows => ({ else: row })

//                      adm mem rdr cre obs aud svc
const LEGACY_ALL_USERS = 'Y - - Y Y Y Y'
const LEGACY_LIST = 'Y - - Y Y - -'
const LEGACY_STORE = 'Y - - Y - - -'
const SERVICE_ADMIN = '- - - - - - Y'
const ADMIN = 'Y - - - - - -'

const LEGACY_READ: Rows = {
  'own public': LEGACY_ALL_USERS,
  'foreign public': LEGACY_ALL_USERS,
  'own private': LEGACY_STORE,
  'foreign private': ADMIN,
  ...ACL_OPENS,
  else: NOBODY,
}
const LEGACY_CHANGE: Rows = {
  'own public': LEGACY_STORE,
  'own private': LEGACY_STORE,
  'own public ACL': LEGACY_STORE,
  'own private ACL': LEGACY_STORE,
  'foreign public': LEGACY_STORE,
  'foreign public ACL': LEGACY_STORE,
  'foreign private': ADMIN,
  'foreign private ACL': ADMIN,
  else: NOBODY,
}

export const LEGACY: Matrix = {
  'secrets:post': always(LEGACY_STORE),
  'secrets:get': always(LEGACY_LIST),
  'secret:get': LEGACY_READ,
  'secret:decrypt': { ...LEGACY_READ, 'own public': LEGACY_LIST, 'foreign public': LEGACY_LIST },
  'secret:put': inProject(LEGACY_STORE),
  'secret:delete': LEGACY_CHANGE,
  'secret_meta:get': LEGACY_READ,
  'secret_meta:post': LEGACY_CHANGE,
  'secret_meta:put': LEGACY_CHANGE,
  'secret_meta:delete': LEGACY_CHANGE,
  'secret_acls:get': inProject(LEGACY_LIST),
  'secret_acls:put_patch': inProject(LEGACY_STORE),
  'secret_acls:delete': inProject(LEGACY_STORE),
  'secret_consumers:get': LEGACY_READ,
  'secret_consumers:post': LEGACY_READ,
  'secret_consumers:delete': LEGACY_READ,
  'containers:post': always(LEGACY_STORE),
  'containers:get': always(LEGACY_LIST),
  'container:get': LEGACY_READ,
  'container:delete': byOwner(LEGACY_STORE, ADMIN),
  'container_secret:post': LEGACY_CHANGE,
  'container_secret:delete': LEGACY_CHANGE,
  'container_acls:get': inProject(LEGACY_LIST),
  'container_acls:put_patch': inProject(LEGACY_STORE),
  'container_acls:delete': inProject(LEGACY_STORE),
  'container_consumers:get': LEGACY_READ,
  'container_consumers:post': LEGACY_READ,
  'container_consumers:delete': LEGACY_READ,
  'consumer:get': {
    'own public': LEGACY_ALL_USERS,
    'foreign public': LEGACY_ALL_USERS,
    ...ACL_OPENS,
    else: 'Y - - Y Y Y -',
  },
  'orders:get': always(LEGACY_LIST),
  'orders:post': always(LEGACY_STORE),
  'orders:put': always(LEGACY_STORE),
  'order:get': inProject(LEGACY_ALL_USERS),
  'order:delete': inProject(ADMIN),
  'quotas:get': always(LEGACY_ALL_USERS),
  'project_quotas:get': always(SERVICE_ADMIN),
  'project_quotas:put': always(SERVICE_ADMIN),
  'project_quotas:delete': always(SERVICE_ADMIN),
  'secretstores:get': always(LEGACY_ALL_USERS),
  'secretstores:get_global_default': always(LEGACY_ALL_USERS),
  'secretstores:get_preferred': always(LEGACY_ALL_USERS),
  'secretstore:get': always(LEGACY_ALL_USERS),
  'secretstore_preferred:post': always(ADMIN),
  'secretstore_preferred:delete': always(ADMIN),
  'transport_key:get': always(LEGACY_ALL_USERS),
  'transport_keys:get': always(LEGACY_ALL_USERS),
  'transport_keys:post': always(SERVICE_ADMIN),
  'transport_key:delete': always(SERVICE_ADMIN),
}

//               adm mem rdr cre obs aud svc
const MEMBER = 'Y Y - - - - -'
const READER = 'Y Y Y - - - -'

const NEW_CHANGE: Rows = {
  'own public': MEMBER,
  'own private': MEMBER,
  'own public ACL': MEMBER,
  'own private ACL': MEMBER,
  'foreign public': MEMBER,
  'foreign public ACL': MEMBER,
  'foreign private': ADMIN,
  'foreign private ACL': ADMIN,
  else: NOBODY,
}
const NEW_READ: Rows = { ...NEW_CHANGE, ...ACL_OPENS }
const NEW_ACL = byOwner(MEMBER, ADMIN)

export const NEW: Matrix = {
  'secrets:post': always(MEMBER),
  'secrets:get': always(MEMBER),
  'secret:get': { ...NEW_READ, else: ADMIN },
  'secret:decrypt': NEW_READ,
  'secret:put': NEW_CHANGE,
  'secret:delete': { ...NEW_CHANGE, else: ADMIN },
  'secret_meta:get': NEW_READ,
  'secret_meta:post': NEW_CHANGE,
  'secret_meta:put': NEW_CHANGE,
  'secret_meta:delete': NEW_CHANGE,
  'secret_acls:get': NEW_ACL,
  'secret_acls:put_patch': NEW_ACL,
  'secret_acls:delete': NEW_ACL,
  'secret_consumers:get': NEW_READ,
  'secret_consumers:post': NEW_READ,
  'secret_consumers:delete': NEW_READ,
  'containers:post': always(MEMBER),
  'containers:get': always(MEMBER),
  'container:get': NEW_READ,
  'container:delete': NEW_CHANGE,
  'container_secret:post': NEW_CHANGE,
  'container_secret:delete': NEW_CHANGE,
  'container_acls:get': NEW_ACL,
  'container_acls:put_patch': NEW_ACL,
  'container_acls:delete': NEW_ACL,
  'container_consumers:get': NEW_READ,
  'container_consumers:post': NEW_READ,
  'container_consumers:delete': NEW_READ,
  'consumer:get': { ...NEW_READ, else: ADMIN },
  'orders:get': always(MEMBER),
  'orders:post': always(MEMBER),
  'orders:put': always(MEMBER),
  'order:get': inProject(MEMBER),
  'order:delete': inProject(MEMBER),
  'quotas:get': always(READER),
  'project_quotas:get': always(ADMIN),
  'project_quotas:put': always(ADMIN),
  'project_quotas:delete': always(ADMIN),
  'secretstores:get': always(READER),
  'secretstores:get_global_default': always(READER),
  'secretstores:get_preferred': always(READER),
  'secretstore:get': always(READER),
  'secretstore_preferred:post': always(ADMIN),
  'secretstore_preferred:delete': always(ADMIN),
  'transport_key:get': always(READER),
  'transport_keys:get': always(READER),
  'transport_keys:post': always(ADMIN),
  'transport_key:delete': always(ADMIN),
}

/** New mode: what an admin without the implied roles cannot do, for only member or reader is asked. */
export const BARE_ADMIN_LACKS: ReadonlySet<RuleName> = new Set<RuleName>([
  ...(['secrets:post', 'secrets:get', 'containers:post', 'containers:get'] as const),
  ...(['orders:post', 'orders:get', 'orders:put', 'order:get', 'order:delete'] as const),
  ...(['quotas:get', 'secretstores:get', 'secretstores:get_global_default'] as const),
  ...(['secretstores:get_preferred', 'secretstore:get'] as const),
  ...(['transport_key:get', 'transport_keys:get'] as const),
])

/** Some other role, or none at all, opens nothing by itself. */
export const OTHER_ROLES: readonly (readonly string[])[] = [['swiftoperator'], []]

/** The row of a rule in one state: which columns are let in. */
export function rowOf(matrix: Matrix, rule: RuleName, state: StateName): string {
  const rows = matrix[rule]
  return rows[state] ?? rows.else
}
