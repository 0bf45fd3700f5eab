import type { EnforcedRule } from './enforcedRule.ts'
import { LEGACY_CHANGE, LEGACY_READ, OWN, OWN_OR_SHARED, READ } from './secretChecks.ts'

/** The rules of containers say the same of containers. */
const ofContainer = (check: string): string => check.replaceAll('rule:secret_', 'rule:container_')
const CONTAINER_OWN_OR_SHARED = ofContainer(OWN_OR_SHARED)
const CONTAINER_OWN = ofContainer(OWN)
const CONTAINER_READ = ofContainer(READ)
const CONTAINER_LEGACY_READ = ofContainer(LEGACY_READ)
const CONTAINER_LEGACY_CHANGE = ofContainer(LEGACY_CHANGE)
const CONTAINER = '/v1/containers/{container_id}'

/** Containers, their members, ACLs and consumers. */
export const CONTAINER_RULES = [
  {
    name: 'containers:post',
    target: 'project',
    legacy: 'rule:admin_or_creator',
    current: 'role:member',
    description: 'Create a container in the project of the token.',
    operations: [{ method: 'POST', path: '/v1/containers' }],
    scopeTypes: ['project'],
  },
  {
    name: 'containers:get',
    target: 'project',
    legacy: 'rule:all_but_audit',
    current: 'role:member',
    description: 'List the containers of the project.',
    operations: [{ method: 'GET', path: '/v1/containers' }],
    scopeTypes: ['project'],
  },
  {
    name: 'container:get',
    target: 'container',
    legacy: CONTAINER_LEGACY_READ,
    current: CONTAINER_READ,
    description: 'Read a container: its members by name and reference, not their payloads.',
    operations: [
      { method: 'GET', path: CONTAINER },
      { method: 'GET', path: `${CONTAINER}/certificate` },
    ],
    scopeTypes: ['project'],
  },
  {
    name: 'container:delete',
    target: 'container',
    legacy: 'rule:container_project_admin or rule:container_project_creator',
    current: CONTAINER_OWN_OR_SHARED,
    description: 'Delete a container; the secrets in it stay.',
    operations: [{ method: 'DELETE', path: CONTAINER }],
    scopeTypes: ['project'],
  },
  {
    name: 'container_secret:post',
    target: 'container',
    legacy: CONTAINER_LEGACY_CHANGE,
    current: CONTAINER_OWN_OR_SHARED,
    description: 'Add a secret to a generic container.',
    operations: [{ method: 'POST', path: `${CONTAINER}/secrets` }],
    scopeTypes: ['project'],
  },
  {
    name: 'container_secret:delete',
    target: 'container',
    legacy: CONTAINER_LEGACY_CHANGE,
    current: CONTAINER_OWN_OR_SHARED,
    description: 'Take a secret out of a container.',
    operations: [{ method: 'DELETE', path: `${CONTAINER}/secrets` }],
    scopeTypes: ['project'],
  },
  {
    name: 'container_acls:get',
    target: 'containerAcl',
    legacy: 'rule:all_but_audit and rule:container_project_match',
    current: CONTAINER_OWN,
    description: 'Read the ACL of a container.',
    operations: [{ method: 'GET', path: `${CONTAINER}/acl` }],
    scopeTypes: ['project'],
  },
  {
    name: 'container_acls:put_patch',
    target: 'containerAcl',
    legacy: CONTAINER_LEGACY_CHANGE,
    current: CONTAINER_OWN,
    description:
      'Replace or change the ACL of a container. Privacy is not looked at here, as for secrets.',
    operations: [
      { method: 'PUT', path: `${CONTAINER}/acl` },
      { method: 'PATCH', path: `${CONTAINER}/acl` },
    ],
    scopeTypes: ['project'],
  },
  {
    name: 'container_acls:delete',
    target: 'containerAcl',
    legacy: CONTAINER_LEGACY_CHANGE,
    current: CONTAINER_OWN,
    description: 'Remove the ACL of a container.',
    operations: [{ method: 'DELETE', path: `${CONTAINER}/acl` }],
    scopeTypes: ['project'],
  },
  {
    name: 'container_consumers:get',
    target: 'container',
    legacy: CONTAINER_LEGACY_READ,
    current: CONTAINER_READ,
    description: 'List the consumers of a container.',
    operations: [{ method: 'GET', path: `${CONTAINER}/consumers` }],
    scopeTypes: ['project'],
  },
  {
    name: 'container_consumers:post',
    target: 'container',
    legacy: CONTAINER_LEGACY_READ,
    current: CONTAINER_READ,
    description: 'Register a consumer of a container.',
    operations: [{ method: 'POST', path: `${CONTAINER}/consumers` }],
    scopeTypes: ['project'],
  },
  {
    name: 'container_consumers:delete',
    target: 'container',
    legacy: CONTAINER_LEGACY_READ,
    current: CONTAINER_READ,
    description: 'Remove a consumer of a container.',
    operations: [{ method: 'DELETE', path: `${CONTAINER}/consumers` }],
    scopeTypes: ['project'],
  },
  {
    name: 'consumer:get',
    target: 'container',
    legacy:
      'rule:admin or rule:observer or rule:creator or rule:audit or rule:container_non_private_read or rule:container_project_creator or rule:container_project_admin or rule:container_acl_read',
    current:
      'role:admin or (rule:container_project_member and rule:container_owner) or (rule:container_project_member and rule:container_is_not_private) or rule:container_acl_read',
    description:
      'Read one consumer of a container. The legacy rule lets the roles of the key manager in from any project.',
    operations: [{ method: 'GET', path: `${CONTAINER}/consumers/{consumer_id}` }],
    scopeTypes: ['project'],
  },
] as const satisfies readonly EnforcedRule[]
