import type { Clock } from '../lib/clock.ts'
import { type ConsumerId, newConsumerId, type SecretId } from '../lib/ids.ts'
import type { Page, PageRequest } from '../model/page.ts'
import type { Quotas } from '../model/quota.ts'
import type { Verified } from '../model/record.ts'
import type { RequestContext } from '../model/requestContext.ts'
import type { SecretFacts } from '../model/secret.ts'
import type { SecretConsumer, SecretConsumerName } from '../model/secretConsumer.ts'
import type { Policy } from '../policy/policy.ts'
import { consumerIdOrRefuse, consumerNotFound, foreignConsumer } from './consumerRefusals.ts'
import { findSecretFacts, secretNotFound } from './findSecret.ts'
import type { Integrity } from './ports/crypto.ts'
import type { SecretConsumerRepository, SecretRepository } from './ports/secretRepositories.ts'
import { quotaRefusal } from './quotas.ts'
import type { ShownSecret } from './secrets.ts'

interface Parts {
  readonly secrets: Pick<SecretRepository, 'facts'>
  readonly consumers: SecretConsumerRepository
  readonly integrity: Integrity
  readonly defaultQuotas: Quotas
  readonly policy: Policy
  readonly clock: Clock
}

/** Who uses a secret (contract 03). The same at every microversion (Q17). */
export class SecretConsumers {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Is the secret there, whoever asks? @throws Fault('notFound') */
  async lookUp(id: SecretId | undefined): Promise<void> {
    await findSecretFacts(this.#parts, id)
  }

  /** The same below one consumer, whose id must be one; whether it is there, only readers learn. */
  async lookUpOne(id: SecretId | undefined, consumerId: ConsumerId | undefined): Promise<void> {
    await findSecretFacts(this.#parts, id)
    consumerIdOrRefuse(consumerId)
  }

  /** GET /v1/secrets/{id}/consumers. */
  async list(
    ctx: RequestContext,
    id: SecretId | undefined,
    page: PageRequest,
  ): Promise<Page<SecretConsumer>> {
    const secret = await this.#authorized(ctx, 'secret_consumers:get', id)
    return this.#parts.consumers.list(secret.id, page)
  }

  /** GET /v1/secrets/{id}/consumers/{consumer_id}: asks for no more than the list does (Q35). */
  async read(
    ctx: RequestContext,
    id: SecretId | undefined,
    consumerId: ConsumerId | undefined,
  ): Promise<SecretConsumer> {
    const { policy, consumers } = this.#parts
    const found = await findSecretFacts(this.#parts, id)
    const properId = consumerIdOrRefuse(consumerId)
    const { record } = policy.authorize(ctx, 'secret_consumers:get', found)
    const consumer = await consumers.find(record.id, properId)
    if (consumer === undefined) throw consumerNotFound()
    return consumer
  }

  /** POST /v1/secrets/{id}/consumers. One that is there already is left as it is, and that is fine. */
  async register(
    ctx: RequestContext,
    id: SecretId | undefined,
    readInput: () => Promise<SecretConsumerName>,
  ): Promise<ShownSecret> {
    const { consumers, clock, defaultQuotas } = this.#parts
    const secret = await this.#authorized(ctx, 'secret_consumers:post', id)
    const name = await readInput()
    const now = clock.now()
    const consumer = {
      ...name,
      id: newConsumerId(),
      secretId: secret.id,
      projectId: ctx.caller.projectId,
      createdAt: now,
      updatedAt: now,
    }
    const outcome = await consumers.add(consumer, defaultQuotas.consumers)
    if (outcome === 'gone') throw secretNotFound(secret.id)
    if (typeof outcome !== 'string') throw quotaRefusal('consumers', outcome)
    return this.#shown(outcome === 'added' ? { ...secret, updatedAt: now } : secret)
  }

  /** DELETE /v1/secrets/{id}/consumers: the project of the secret may remove any, another its own. */
  async remove(
    ctx: RequestContext,
    id: SecretId | undefined,
    readInput: () => Promise<SecretConsumerName>,
  ): Promise<ShownSecret> {
    const secret = await this.#authorized(ctx, 'secret_consumers:delete', id)
    const name = await readInput()
    const { projectId } = ctx.caller
    const by = projectId === secret.projectId ? undefined : projectId
    const outcome = await this.#parts.consumers.remove(secret.id, name, by)
    if (outcome === 'absent') throw consumerNotFound()
    if (outcome === 'foreign') throw foreignConsumer('secret')
    return this.#shown(secret)
  }

  async #authorized(
    ctx: RequestContext,
    rule: 'secret_consumers:get' | 'secret_consumers:post' | 'secret_consumers:delete',
    id: SecretId | undefined,
  ): Promise<Verified<SecretFacts>> {
    return this.#parts.policy.authorize(ctx, rule, await findSecretFacts(this.#parts, id)).record
  }

  async #shown(secret: SecretFacts): Promise<ShownSecret> {
    const consumers = await this.#parts.consumers.ofSecrets([secret.id])
    return { secret, consumers: consumers.get(secret.id) ?? [] }
  }
}
