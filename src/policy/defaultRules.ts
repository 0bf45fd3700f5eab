import type { TargetKind } from './facts.ts'

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
}

/** A rule that guards something. */
export interface EnforcedRule {
  readonly name: string
  readonly target: TargetKind
  /** In force unless `[oslo_policy] enforce_new_defaults` says otherwise: Barbican's roles. */
  readonly legacy: string
  /** In force with `enforce_new_defaults = True`: admin, member and reader. */
  readonly current: string
  readonly description: string
  readonly operations: readonly Operation[]
  readonly scopeTypes: readonly 'project'[]
}

const OWN_OR_SHARED =
  'rule:secret_project_admin or (rule:secret_project_member and rule:secret_owner) or (rule:secret_project_member and rule:secret_is_not_private)'
const OWN = 'rule:secret_project_admin or (rule:secret_project_member and rule:secret_owner)'
const LEGACY_READ =
  'rule:secret_non_private_read or rule:secret_project_creator or rule:secret_project_admin or rule:secret_acl_read'
const LEGACY_CHANGE =
  'rule:secret_project_admin or rule:secret_project_creator or (rule:secret_project_creator_role and not rule:secret_private_read)'
const SECRET = '/v1/secrets/{secret_id}'

export const DEFAULT_RULES = [
  {
    name: 'secrets:post',
    target: 'project',
    legacy: 'rule:admin_or_creator',
    current: 'role:member',
    description: 'Create a secret in the project of the token.',
    operations: [{ method: 'POST', path: '/v1/secrets' }],
    scopeTypes: ['project'],
  },
  {
    name: 'secrets:get',
    target: 'project',
    legacy: 'rule:all_but_audit',
    current: 'role:member',
    description:
      'List the secrets of the project, or those that an ACL of any project grants to the user.',
    operations: [{ method: 'GET', path: '/v1/secrets' }],
    scopeTypes: ['project'],
  },
  {
    name: 'secret:get',
    target: 'secret',
    legacy: LEGACY_READ,
    current: `role:admin or ${OWN_OR_SHARED} or rule:secret_acl_read`,
    description:
      'Read the metadata of a secret. With the new defaults an admin of any project may.',
    operations: [{ method: 'GET', path: SECRET }],
    scopeTypes: ['project'],
  },
  {
    name: 'secret:decrypt',
    target: 'secret',
    legacy:
      'rule:secret_decrypt_non_private_read or rule:secret_project_creator or rule:secret_project_admin or rule:secret_acl_read',
    current: `${OWN_OR_SHARED} or rule:secret_acl_read`,
    description:
      'Read the payload of a secret; also asked when the secret itself is fetched with an Accept that means its payload.',
    operations: [
      { method: 'GET', path: `${SECRET}/payload` },
      { method: 'GET', path: SECRET },
    ],
    scopeTypes: ['project'],
  },
  {
    name: 'secret:put',
    target: 'secret',
    legacy: 'rule:admin_or_creator and rule:secret_project_match',
    current: OWN_OR_SHARED,
    description:
      'Add the payload to a secret that was created without one. The legacy rule does not look at privacy.',
    operations: [{ method: 'PUT', path: SECRET }],
    scopeTypes: ['project'],
  },
  {
    name: 'secret:delete',
    target: 'secret',
    legacy: LEGACY_CHANGE,
    current: `role:admin or ${OWN_OR_SHARED}`,
    description: 'Delete a secret. With the new defaults an admin of any project may.',
    operations: [{ method: 'DELETE', path: SECRET }],
    scopeTypes: ['project'],
  },
  {
    name: 'secret_meta:get',
    target: 'secret',
    legacy: LEGACY_READ,
    current: `${OWN_OR_SHARED} or rule:secret_acl_read`,
    description: 'Read user metadata of a secret, all of it or one key.',
    operations: [
      { method: 'GET', path: `${SECRET}/metadata` },
      { method: 'GET', path: `${SECRET}/metadata/{key}` },
    ],
    scopeTypes: ['project'],
  },
  {
    name: 'secret_meta:post',
    target: 'secret',
    legacy: LEGACY_CHANGE,
    current: OWN_OR_SHARED,
    description: 'Add one key to the user metadata of a secret.',
    operations: [{ method: 'POST', path: `${SECRET}/metadata` }],
    scopeTypes: ['project'],
  },
  {
    name: 'secret_meta:put',
    target: 'secret',
    legacy: LEGACY_CHANGE,
    current: OWN_OR_SHARED,
    description: 'Replace the user metadata of a secret, all of it or one key.',
    operations: [
      { method: 'PUT', path: `${SECRET}/metadata` },
      { method: 'PUT', path: `${SECRET}/metadata/{key}` },
    ],
    scopeTypes: ['project'],
  },
  {
    name: 'secret_meta:delete',
    target: 'secret',
    legacy: LEGACY_CHANGE,
    current: OWN_OR_SHARED,
    description: 'Remove one key from the user metadata of a secret.',
    operations: [{ method: 'DELETE', path: `${SECRET}/metadata/{key}` }],
    scopeTypes: ['project'],
  },
  {
    name: 'secret_acls:get',
    target: 'secretAcl',
    legacy: 'rule:all_but_audit and rule:secret_project_match',
    current: OWN,
    description: 'Read the ACL of a secret.',
    operations: [{ method: 'GET', path: `${SECRET}/acl` }],
    scopeTypes: ['project'],
  },
  {
    name: 'secret_acls:put_patch',
    target: 'secretAcl',
    legacy: LEGACY_CHANGE,
    current: OWN,
    description:
      'Replace or change the ACL of a secret. Privacy is not looked at here: the legacy rule lets any creator of the project.',
    operations: [
      { method: 'PUT', path: `${SECRET}/acl` },
      { method: 'PATCH', path: `${SECRET}/acl` },
    ],
    scopeTypes: ['project'],
  },
  {
    name: 'secret_acls:delete',
    target: 'secretAcl',
    legacy: LEGACY_CHANGE,
    current: OWN,
    description: 'Remove the ACL of a secret, which then is open to its project again.',
    operations: [{ method: 'DELETE', path: `${SECRET}/acl` }],
    scopeTypes: ['project'],
  },
  {
    name: 'orders:post',
    target: 'project',
    legacy: 'rule:admin_or_creator',
    current: 'role:member',
    description: 'Place an order in the project of the token.',
    operations: [{ method: 'POST', path: '/v1/orders' }],
    scopeTypes: ['project'],
  },
  {
    name: 'orders:get',
    target: 'project',
    legacy: 'rule:all_but_audit',
    current: 'role:member',
    description: 'List the orders of the project.',
    operations: [{ method: 'GET', path: '/v1/orders' }],
    scopeTypes: ['project'],
  },
  {
    name: 'orders:put',
    target: 'project',
    legacy: 'rule:admin_or_creator',
    current: 'role:member',
    description: 'Orders cannot be changed: the answer is 405 for everybody this rule lets in.',
    operations: [{ method: 'PUT', path: '/v1/orders' }],
    scopeTypes: ['project'],
  },
  {
    name: 'order:get',
    target: 'order',
    legacy: 'rule:all_users and rule:order_project_match',
    current: 'rule:order_project_member',
    description: 'Read an order.',
    operations: [{ method: 'GET', path: '/v1/orders/{order_id}' }],
    scopeTypes: ['project'],
  },
  {
    name: 'order:delete',
    target: 'order',
    legacy: 'rule:admin and rule:order_project_match',
    current: 'rule:order_project_member',
    description: 'Delete an order; what it made stays.',
    operations: [{ method: 'DELETE', path: '/v1/orders/{order_id}' }],
    scopeTypes: ['project'],
  },
] as const satisfies readonly EnforcedRule[]

type DefaultRule = (typeof DEFAULT_RULES)[number]

export type RuleName = DefaultRule['name']
/** Rules about collections: what they are asked about is the caller's own project. */
export type ProjectRuleName = Extract<DefaultRule, { target: 'project' }>['name']
/** Rules about a stored record of this kind. */
export type RecordRuleName<Kind extends 'secret' | 'order'> = Extract<
  DefaultRule,
  { target: Kind extends 'secret' ? 'secret' | 'secretAcl' : 'order' }
>['name']
