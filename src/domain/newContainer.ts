import { Fault } from '../lib/fault.ts'
import type { SecretId } from '../lib/ids.ts'
import { MEMBER_NAMES, type PostableContainerType } from '../model/container.ts'

/** A member as a client names it. */
export interface GivenMember {
  readonly name: string | null
  /** undefined: the ref ends in what is no secret's id, so there is no such secret. */
  readonly secretId: SecretId | undefined
}

/** A decoded POST /v1/containers. */
export interface NewContainer {
  readonly name: string | null
  readonly type: PostableContainerType
  readonly members: readonly GivenMember[]
}

/** An empty container is let through whatever its type: clients make it first and look later (Q16). */
export function requireMembersOfType({ type, members }: NewContainer): void {
  const names = MEMBER_NAMES[type]
  if (names === undefined || members.length === 0) return
  const required: readonly string[] = names.required
  const possible: readonly string[] = [...required, ...names.optional]
  const given = members.map(({ name }) => name)
  if (
    given.every((name) => name !== null && possible.includes(name)) &&
    required.every((name) => given.includes(name))
  ) {
    return
  }
  throw new Fault(
    'badRequest',
    `Property secret_refs is not valid: a container of type ${type} wants secrets named ` +
      `${required.join(' and ')}, and may have ${names.optional.join(', ')}.`,
  )
}
