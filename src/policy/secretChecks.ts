/* What several rules about secrets ask for; the rules about containers ask for the same. */

export const OWN_OR_SHARED =
  'rule:secret_project_admin or (rule:secret_project_member and rule:secret_owner) or (rule:secret_project_member and rule:secret_is_not_private)'
export const OWN = 'rule:secret_project_admin or (rule:secret_project_member and rule:secret_owner)'
export const LEGACY_READ =
  'rule:secret_non_private_read or rule:secret_project_creator or rule:secret_project_admin or rule:secret_acl_read'
export const LEGACY_CHANGE =
  'rule:secret_project_admin or rule:secret_project_creator or (rule:secret_project_creator_role and not rule:secret_private_read)'
export const READ = `${OWN_OR_SHARED} or rule:secret_acl_read`
