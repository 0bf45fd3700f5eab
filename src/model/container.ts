import type { ContainerId, ProjectId, SecretId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { Acl } from './acl.ts'
import type { ConsumerName } from './containerConsumer.ts'

/** `dsa` comes from an order alone and cannot be posted (contract 04). */
export const CONTAINER_TYPES = ['generic', 'rsa', 'dsa', 'certificate'] as const
export type ContainerType = (typeof CONTAINER_TYPES)[number]

export type PostableContainerType = Exclude<ContainerType, 'dsa'>

interface MemberNames {
  readonly required: readonly string[]
  readonly optional: readonly string[]
}

/** The member names that a type asks for; undefined: any, and none. */
export const MEMBER_NAMES = {
  generic: undefined,
  rsa: { required: ['public_key', 'private_key'], optional: ['private_key_passphrase'] },
  certificate: {
    required: ['certificate'],
    optional: ['private_key', 'private_key_passphrase', 'intermediates'],
  },
} as const satisfies Record<PostableContainerType, MemberNames | undefined>

export interface ContainerMember {
  readonly name: string | null
  readonly secretId: SecretId
  /**
   * The secret was deleted: nobody sees this member any more. It stays in the row until the members are
   * next changed, because the row MAC covers it and deleting a secret touches no container.
   */
  readonly isGone: boolean
}

/** A container with all that its row MAC covers (contract 04). */
export interface Container {
  readonly kind: 'container'
  readonly id: ContainerId
  readonly projectId: ProjectId
  readonly type: ContainerType
  readonly name: string | null
  readonly creatorId: string | null
  /** In the order they were given. */
  readonly members: readonly ContainerMember[]
  readonly acl: Acl | null
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}

/** A container as a list shows it: with its consumers, without the ACL. */
export type ListedContainer = Omit<Container, 'acl'> & {
  readonly consumers: readonly ConsumerName[]
}
