import type { EnforcedRule } from './enforcedRule.ts'
import { LEGACY_CHANGE, LEGACY_READ, OWN, OWN_OR_SHARED, READ } from './secretChecks.ts'

const SECRET = '/v1/secrets/{secret_id}'

/** Secrets, their user metadata, ACLs and consumers. */
export const SECRET_RULES = [
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
      'Read the metadata of a secret, and what is known of a certificate in it; also asked of the members when the certificate of a container is looked at. With the new defaults an admin of any project may.',
    operations: [
      { method: 'GET', path: SECRET },
      { method: 'GET', path: `${SECRET}/certificate` },
      { method: 'GET', path: '/v1/containers/{container_id}/certificate' },
    ],
    scopeTypes: ['project'],
  },
  {
    name: 'secret:decrypt',
    target: 'secret',
    legacy:
      'rule:secret_decrypt_non_private_read or rule:secret_project_creator or rule:secret_project_admin or rule:secret_acl_read',
    current: READ,
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
    current: READ,
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
    name: 'secret_consumers:get',
    target: 'secret',
    legacy: LEGACY_READ,
    current: READ,
    description: 'List the consumers of a secret, or read one.',
    operations: [
      { method: 'GET', path: `${SECRET}/consumers` },
      { method: 'GET', path: `${SECRET}/consumers/{consumer_id}` },
    ],
    scopeTypes: ['project'],
  },
  {
    name: 'secret_consumers:post',
    target: 'secret',
    legacy: LEGACY_READ,
    current: READ,
    description: 'Register a consumer of a secret.',
    operations: [{ method: 'POST', path: `${SECRET}/consumers` }],
    scopeTypes: ['project'],
  },
  {
    name: 'secret_consumers:delete',
    target: 'secret',
    legacy: LEGACY_READ,
    current: READ,
    description: 'Remove a consumer of a secret.',
    operations: [{ method: 'DELETE', path: `${SECRET}/consumers` }],
    scopeTypes: ['project'],
  },
] as const satisfies readonly EnforcedRule[]
