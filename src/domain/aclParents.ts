import type { Clock } from '../lib/clock.ts'
import type { Secret } from '../model/secret.ts'
import type { AclParent } from './acls.ts'
import { findSecret } from './findSecret.ts'
import type { Integrity, SecretRepository } from './ports.ts'

interface Parts {
  readonly integrity: Integrity
  readonly clock: Clock
}

export const SECRET_ACL_RULES = {
  read: 'secret_acls:get',
  change: 'secret_acls:put_patch',
  remove: 'secret_acls:delete',
} as const

export function secretAclParent(
  parts: Parts & { readonly secrets: Pick<SecretRepository, 'find' | 'replaceAcl'> },
): AclParent<Secret> {
  return {
    find: (id) => findSecret(parts, id),
    replaceAcl: (verifiedMac, secret) => parts.secrets.replaceAcl(verifiedMac, secret),
    rules: SECRET_ACL_RULES,
  }
}
