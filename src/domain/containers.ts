import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import { type ContainerId, newContainerId, type SecretId } from '../lib/ids.ts'
import type { Container, ContainerMember, ListedContainer } from '../model/container.ts'
import type { Page } from '../model/page.ts'
import type { Quotas } from '../model/quota.ts'
import type { Verified } from '../model/record.ts'
import type { RequestContext } from '../model/requestContext.ts'
import type { Policy } from '../policy/policy.ts'
import { findContainer } from './findContainer.ts'
import { type GivenMember, type NewContainer, requireMembersOfType } from './newContainer.ts'
import type {
  ContainerConsumerRepository,
  ContainerQuery,
  ContainerRepository,
  NewMember,
} from './ports/containerRepositories.ts'
import type { Integrity, KeyCache } from './ports/crypto.ts'
import { quotaRefusal } from './quotas.ts'
import { untilFresh } from './untilFresh.ts'

interface Parts {
  readonly containers: ContainerRepository
  readonly consumers: Pick<ContainerConsumerRepository, 'namesOf'>
  readonly integrity: Integrity
  readonly keyCache: KeyCache
  readonly defaultQuotas: Quotas
  readonly policy: Policy
  readonly clock: Clock
}

/** What a project can do with its containers: sets of secrets under names (contract 04). */
export class Containers {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** POST /v1/containers. */
  async create(ctx: RequestContext, readInput: () => Promise<NewContainer>): Promise<ContainerId> {
    const { policy, clock, containers, integrity, defaultQuotas } = this.#parts
    policy.authorizeProject(ctx, 'containers:post')
    const input = await readInput()
    requireMembersOfType(input)
    const now = clock.now()
    const container: Container = {
      kind: 'container',
      id: newContainerId(),
      projectId: ctx.caller.projectId,
      type: input.type,
      name: input.name,
      creatorId: ctx.caller.userId,
      members: input.members.map((member) => ({
        name: member.name,
        secretId: idOf(member),
        isGone: false,
      })),
      acl: null,
      createdAt: now,
      updatedAt: now,
    }
    await untilFresh(async () => {
      const record = await integrity.protect(container)
      const outcome = await containers.insert(record, now, defaultQuotas.containers)
      if (outcome === 'inserted') return { done: true }
      if (outcome === 'secretGone') throw secretNotFound()
      if (outcome !== 'keyGone') throw quotaRefusal('containers', outcome)
      this.#parts.keyCache.purge(container.projectId)
      return undefined
    })
    return container.id
  }

  /** Is it there, whoever asks? @throws Fault('notFound') */
  async lookUp(id: ContainerId | undefined): Promise<void> {
    await findContainer(this.#parts, id)
  }

  /** GET /v1/containers/{id}. */
  async read(ctx: RequestContext, id: ContainerId | undefined): Promise<ListedContainer> {
    const { policy, consumers } = this.#parts
    const found = await findContainer(this.#parts, id)
    const { record } = policy.authorize(ctx, 'container:get', found)
    return { ...record, consumers: await consumers.namesOf(record.id) }
  }

  /** GET /v1/containers. Shows private ones too, as lists of secrets do (Q03). */
  async list(
    ctx: RequestContext,
    readInput: () => Omit<ContainerQuery, 'projectId'>,
  ): Promise<Page<ListedContainer>> {
    this.#parts.policy.authorizeProject(ctx, 'containers:get')
    return this.#parts.containers.list({ ...readInput(), projectId: ctx.caller.projectId })
  }

  /** DELETE /v1/containers/{id}: its secrets stay. */
  async remove(ctx: RequestContext, id: ContainerId | undefined): Promise<void> {
    const { policy, containers, clock } = this.#parts
    await untilFresh(async () => {
      const found = await findContainer(this.#parts, id)
      const { record } = policy.authorize(ctx, 'container:delete', found)
      const outcome = await containers.remove(record.id, record.rowMac, clock.now())
      return outcome === 'changed' ? { done: true } : undefined
    })
  }

  /** POST /v1/containers/{id}/secrets. The container's `updated` stays. */
  async addMember(
    ctx: RequestContext,
    id: ContainerId | undefined,
    readInput: () => Promise<GivenMember>,
  ): Promise<void> {
    const { policy, clock } = this.#parts
    const authorized = async () => {
      const found = await findContainer(this.#parts, id)
      return policy.authorize(ctx, 'container_secret:post', found).record
    }
    const { type } = await authorized()
    const given = await readInput()
    if (type !== 'generic') {
      throw new Fault(
        'badRequest',
        `A container of type ${type} is complete: only generic ones take more secrets.`,
      )
    }
    const secretId = idOf(given)
    await this.#changeMembers(authorized, (members) => {
      if (members.some((member) => isSame(member, given))) {
        throw new Fault('conflict', `Secret ${secretId} is in the container under this name.`)
      }
      return {
        members: [...members, { name: given.name, secretId, isGone: false }],
        added: { secretId, projectId: ctx.caller.projectId, now: clock.now() },
      }
    })
  }

  /** DELETE /v1/containers/{id}/secrets: from a container of any type; what its type wants is not asked again. */
  async removeMember(
    ctx: RequestContext,
    id: ContainerId | undefined,
    readInput: () => Promise<GivenMember>,
  ): Promise<void> {
    const authorized = async () => {
      const found = await findContainer(this.#parts, id)
      return this.#parts.policy.authorize(ctx, 'container_secret:delete', found).record
    }
    await authorized()
    const given = await readInput()
    await this.#changeMembers(authorized, (members) => {
      const left = members.filter((member) => !isSame(member, given))
      if (left.length === members.length) {
        throw new Fault('notFound', 'The container holds no such secret under this name.')
      }
      return { members: left, added: undefined }
    })
  }

  /** Read and judged anew until nobody changes it meanwhile; members whose secret is gone are dropped. */
  async #changeMembers(
    authorized: () => Promise<Verified<Container>>,
    change: (members: readonly ContainerMember[]) => MemberChange,
  ): Promise<void> {
    const { containers, integrity, keyCache } = this.#parts
    await untilFresh(async () => {
      const { rowMac, ...container } = await authorized()
      const { members, added } = change(container.members.filter(({ isGone }) => !isGone))
      const next = await integrity.protect<Container>({ ...container, members }, rowMac)
      const outcome = await containers.replaceMembers(rowMac, next, added)
      if (outcome === 'secretGone') throw secretNotFound()
      if (outcome === 'keyGone') keyCache.purge(container.projectId)
      return outcome === 'changed' ? { done: true } : undefined
    })
  }
}

interface MemberChange {
  readonly members: readonly ContainerMember[]
  readonly added: NewMember | undefined
}

function isSame(member: ContainerMember, { name, secretId }: GivenMember): boolean {
  return member.name === name && member.secretId === secretId
}

function idOf({ secretId }: GivenMember): SecretId {
  if (secretId === undefined) throw secretNotFound()
  return secretId
}

/** Foreign, expired, deleted and never made are the same to whoever asks. */
function secretNotFound(): Fault {
  return new Fault('notFound', 'A secret_ref names no secret of this project that can be read.')
}
