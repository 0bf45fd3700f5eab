/** A rule that other rules are written with. The same in both modes. */
export interface SharedRule {
  readonly name: string
  readonly check: string
  readonly description: string
}

export const SHARED_RULES: readonly SharedRule[] = [
  {
    name: 'secret_project_match',
    check: 'project_id:%(target.secret.project_id)s',
    description: 'The token is for the project that holds the secret.',
  },
  {
    name: 'secret_project_reader',
    check: 'role:reader and rule:secret_project_match',
    description: 'Reader in the project of the secret.',
  },
  {
    name: 'secret_project_member',
    check: 'role:member and rule:secret_project_match',
    description: 'Member in the project of the secret.',
  },
  {
    name: 'secret_project_admin',
    check: 'role:admin and rule:secret_project_match',
    description: 'Admin in the project of the secret.',
  },
  {
    name: 'secret_owner',
    check: 'user_id:%(target.secret.creator_id)s',
    description: 'The user who created the secret.',
  },
  {
    name: 'secret_is_not_private',
    check: 'True:%(target.secret.read_project_access)s',
    description: 'The ACL of the secret lets the whole project in (so does having no ACL).',
  },
  {
    name: 'secret_acl_read',
    check: "'read':%(target.secret.read)s",
    description: 'The user stands in the read ACL of the secret.',
  },
  {
    name: 'container_project_match',
    check: 'project_id:%(target.container.project_id)s',
    description: 'The token is for the project that holds the container.',
  },
  {
    name: 'container_project_member',
    check: 'role:member and rule:container_project_match',
    description: 'Member in the project of the container.',
  },
  {
    name: 'container_project_admin',
    check: 'role:admin and rule:container_project_match',
    description: 'Admin in the project of the container.',
  },
  {
    name: 'container_owner',
    check: 'user_id:%(target.container.creator_id)s',
    description: 'The user who created the container.',
  },
  {
    name: 'container_is_not_private',
    check: 'True:%(target.container.read_project_access)s',
    description: 'The ACL of the container lets the whole project in (so does having no ACL).',
  },
  {
    name: 'container_acl_read',
    check: "'read':%(target.container.read)s",
    description: 'The user stands in the read ACL of the container.',
  },
  {
    name: 'order_project_match',
    check: 'project_id:%(target.order.project_id)s',
    description: 'The token is for the project that placed the order.',
  },
  {
    name: 'order_project_member',
    check: 'role:member and rule:order_project_match',
    description: 'Member in the project of the order.',
  },
  { name: 'admin', check: 'role:admin', description: 'Role admin.' },
  { name: 'observer', check: 'role:observer', description: 'Role observer: lists and reads.' },
  { name: 'creator', check: 'role:creator', description: 'Role creator: stores and uses secrets.' },
  { name: 'audit', check: 'role:audit', description: 'Role audit: sees metadata, never payloads.' },
  {
    name: 'service_admin',
    check: 'role:key-manager:service-admin',
    description: 'The administrator of the key manager itself.',
  },
  {
    name: 'all_users',
    check: 'rule:admin or rule:observer or rule:creator or rule:audit or rule:service_admin',
    description: 'Any of the five roles of the key manager.',
  },
  {
    name: 'all_but_audit',
    check: 'rule:admin or rule:observer or rule:creator',
    description: 'Roles that may see payloads.',
  },
  {
    name: 'admin_or_creator',
    check: 'rule:admin or rule:creator',
    description: 'Roles that may store.',
  },
  {
    name: 'secret_creator_user',
    check: 'user_id:%(target.secret.creator_id)s',
    description: 'The user who created the secret.',
  },
  {
    name: 'secret_private_read',
    check: "'False':%(target.secret.read_project_access)s",
    description: 'The ACL of the secret shuts the rest of the project out.',
  },
  {
    name: 'secret_non_private_read',
    check: 'rule:all_users and rule:secret_project_match and not rule:secret_private_read',
    description: 'Any role of the key manager, for a secret that the project shares.',
  },
  {
    name: 'secret_decrypt_non_private_read',
    check: 'rule:all_but_audit and rule:secret_project_match and not rule:secret_private_read',
    description: 'A role that may see payloads, for a secret that the project shares.',
  },
  {
    name: 'secret_project_creator',
    check: 'rule:creator and rule:secret_project_match and rule:secret_creator_user',
    description: 'Creator role, for a secret of their own.',
  },
  {
    name: 'secret_project_creator_role',
    check: 'rule:creator and rule:secret_project_match',
    description: 'Creator role in the project of the secret.',
  },
  {
    name: 'container_creator_user',
    check: 'user_id:%(target.container.creator_id)s',
    description: 'The user who created the container.',
  },
  {
    name: 'container_private_read',
    check: "'False':%(target.container.read_project_access)s",
    description: 'The ACL of the container shuts the rest of the project out.',
  },
  {
    name: 'container_non_private_read',
    check: 'rule:all_users and rule:container_project_match and not rule:container_private_read',
    description: 'Any role of the key manager, for a container that the project shares.',
  },
  {
    name: 'container_project_creator',
    check: 'rule:creator and rule:container_project_match and rule:container_creator_user',
    description: 'Creator role, for a container of their own.',
  },
  {
    name: 'container_project_creator_role',
    check: 'rule:creator and rule:container_project_match',
    description: 'Creator role in the project of the container.',
  },
]
