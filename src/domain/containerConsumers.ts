import type { Clock } from '../lib/clock.ts'
import { type ConsumerId, type ContainerId, newConsumerId } from '../lib/ids.ts'
import type { Container, ListedContainer } from '../model/container.ts'
import type { ConsumerName, ContainerConsumer } from '../model/containerConsumer.ts'
import type { Page, PageRequest } from '../model/page.ts'
import type { Quotas } from '../model/quota.ts'
import type { RequestContext } from '../model/requestContext.ts'
import type { Policy } from '../policy/policy.ts'
import { consumerIdOrRefuse, consumerNotFound, foreignConsumer } from './consumerRefusals.ts'
import { containerNotFound, findContainer } from './findContainer.ts'
import type {
  ContainerConsumerRepository,
  ContainerRepository,
} from './ports/containerRepositories.ts'
import type { Integrity } from './ports/crypto.ts'
import { quotaRefusal } from './quotas.ts'

interface Parts {
  readonly containers: Pick<ContainerRepository, 'find'>
  readonly consumers: ContainerConsumerRepository
  readonly integrity: Integrity
  readonly defaultQuotas: Quotas
  readonly policy: Policy
  readonly clock: Clock
}

/** Who says they use a container (contract 03). Whoever may read it may say so, from any project. */
export class ContainerConsumers {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Is the container there, whoever asks? @throws Fault('notFound') */
  async lookUp(id: ContainerId | undefined): Promise<void> {
    await findContainer(this.#parts, id)
  }

  /** The same below one consumer, whose id must be one; whether it is there, only readers learn. */
  async lookUpOne(id: ContainerId | undefined, consumerId: ConsumerId | undefined): Promise<void> {
    await findContainer(this.#parts, id)
    consumerIdOrRefuse(consumerId)
  }

  async list(
    ctx: RequestContext,
    id: ContainerId | undefined,
    page: PageRequest,
  ): Promise<Page<ContainerConsumer>> {
    const { policy, consumers } = this.#parts
    const found = await findContainer(this.#parts, id)
    const { record } = policy.authorize(ctx, 'container_consumers:get', found)
    return consumers.list({ ...page, containerId: record.id })
  }

  async read(
    ctx: RequestContext,
    id: ContainerId | undefined,
    consumerId: ConsumerId | undefined,
  ): Promise<ContainerConsumer> {
    const { policy, consumers } = this.#parts
    const found = await findContainer(this.#parts, id)
    const properId = consumerIdOrRefuse(consumerId)
    const { record } = policy.authorize(ctx, 'consumer:get', found)
    const consumer = await consumers.find(record.id, properId)
    if (consumer === undefined) throw consumerNotFound()
    return consumer
  }

  /** Once registered it stays as it is, whoever registers it again. Answers the container. */
  async add(
    ctx: RequestContext,
    id: ContainerId | undefined,
    readInput: () => Promise<ConsumerName>,
  ): Promise<ListedContainer> {
    const { policy, consumers, clock, defaultQuotas } = this.#parts
    const found = await findContainer(this.#parts, id)
    const { record } = policy.authorize(ctx, 'container_consumers:post', found)
    const { name, url } = await readInput()
    const now = clock.now()
    const consumer = {
      id: newConsumerId(),
      containerId: record.id,
      projectId: ctx.caller.projectId,
      name,
      url,
      createdAt: now,
      updatedAt: now,
    }
    const outcome = await consumers.add(consumer, defaultQuotas.consumers)
    if (outcome === 'gone') throw containerNotFound(record.id)
    if (typeof outcome !== 'string') throw quotaRefusal('consumers', outcome)
    return this.#shown(outcome === 'added' ? { ...record, updatedAt: now } : record)
  }

  /** By the project that registered it or the container's own. Answers the container. */
  async remove(
    ctx: RequestContext,
    id: ContainerId | undefined,
    readInput: () => Promise<ConsumerName>,
  ): Promise<ListedContainer> {
    const { policy, consumers } = this.#parts
    const found = await findContainer(this.#parts, id)
    const { record } = policy.authorize(ctx, 'container_consumers:delete', found)
    const { projectId } = ctx.caller
    const by = projectId === record.projectId ? undefined : projectId
    const outcome = await consumers.remove(record.id, await readInput(), by)
    if (outcome === 'absent') throw consumerNotFound()
    if (outcome === 'foreign') throw foreignConsumer('container')
    return this.#shown(record)
  }

  async #shown(container: Container): Promise<ListedContainer> {
    return { ...container, consumers: await this.#parts.consumers.namesOf(container.id) }
  }
}
