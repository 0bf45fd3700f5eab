import type { Clock } from '../lib/clock.ts'
import type { Container } from '../model/container.ts'
import type { Secret } from '../model/secret.ts'
import type { AclParent } from './acls.ts'
import { findContainer } from './findContainer.ts'
import { findSecret } from './findSecret.ts'
import type { ContainerRepository } from './ports/containerRepositories.ts'
import type { Integrity } from './ports/crypto.ts'
import type { SecretRepository } from './ports/secretRepositories.ts'

interface Parts {
  readonly integrity: Integrity
  readonly clock: Clock
}

/** Which rules speak about the ACLs of secrets; those of containers say the same of them. */
export const SECRET_ACL_RULES = {
  read: 'secret_acls:get',
  change: 'secret_acls:put_patch',
  remove: 'secret_acls:delete',
} as const

export const CONTAINER_ACL_RULES = {
  read: 'container_acls:get',
  change: 'container_acls:put_patch',
  remove: 'container_acls:delete',
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

export function containerAclParent(
  parts: Parts & { readonly containers: Pick<ContainerRepository, 'find' | 'replaceAcl'> },
): AclParent<Container> {
  return {
    find: (id) => findContainer(parts, id),
    replaceAcl: (verifiedMac, container) => parts.containers.replaceAcl(verifiedMac, container),
    rules: CONTAINER_ACL_RULES,
  }
}
