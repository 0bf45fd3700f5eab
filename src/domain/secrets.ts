import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import { newSecretId, type SecretId } from '../lib/ids.ts'
import type { PayloadFacts } from '../model/certificateFacts.ts'
import type { ContentType } from '../model/contentTypes.ts'
import type { Page, PageRequest } from '../model/page.ts'
import type { Quotas } from '../model/quota.ts'
import type { Stored } from '../model/record.ts'
import type { RequestContext } from '../model/requestContext.ts'
import { isExpired, type Secret, type SecretSummary } from '../model/secret.ts'
import type { SecretConsumer } from '../model/secretConsumer.ts'
import type { Policy } from '../policy/policy.ts'
import { findSecret, findSecretFacts } from './findSecret.ts'
import type { NewPayload, NewSecret } from './newSecret.ts'
import type { Integrity, KeyCache, PayloadReader, Sealer } from './ports/crypto.ts'
import type {
  SecretConsumerRepository,
  SecretFilter,
  SecretQuery,
  SecretRepository,
} from './ports/secretRepositories.ts'
import { quotaRefusal } from './quotas.ts'
import { untilFresh } from './untilFresh.ts'

interface Parts {
  readonly secrets: SecretRepository
  readonly consumers: Pick<SecretConsumerRepository, 'ofSecrets'>
  readonly integrity: Integrity
  readonly sealer: Sealer
  readonly payloadReader: Pick<PayloadReader, 'read'>
  readonly keyCache: KeyCache
  readonly defaultQuotas: Quotas
  readonly policy: Policy
  readonly clock: Clock
}

export interface Payload {
  /** The caller fills it with zeros once it has left. */
  readonly bytes: Buffer
  readonly contentType: ContentType
}

/** A secret as it is shown: with its consumers, or (at microversion 1.0) without a word of them. */
export interface ShownSecret {
  readonly secret: SecretSummary
  readonly consumers: readonly SecretConsumer[] | undefined
}

export interface SecretListRequest extends PageRequest {
  readonly filter: SecretFilter
  readonly sort: SecretQuery['sort']
  readonly marker?: SecretId
  readonly aclOnly: boolean
}

/** What a project can do with its secrets. Input is read once the caller is authorized, never before. */
export class Secrets {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** POST /v1/secrets. Durable before it returns. */
  async create(ctx: RequestContext, readInput: () => Promise<NewSecret>): Promise<SecretId> {
    const { policy, clock } = this.#parts
    policy.authorizeProject(ctx, 'secrets:post')
    const { payload, ...input } = await readInput()
    try {
      const now = clock.now()
      if (isExpired(input, now)) {
        throw new Fault(
          'badRequest',
          'Property expiration is not valid: a time in the future is wanted.',
        )
      }
      const secret: Secret = {
        kind: 'secret',
        id: newSecretId(),
        projectId: ctx.caller.projectId,
        creatorId: ctx.caller.userId,
        ...input,
        contentType: payload?.contentType ?? null,
        createdAt: now,
        updatedAt: now,
        acl: null,
        envelope: null,
      }
      const facts = this.#factsOf(secret, payload)
      await untilFresh(async () => {
        const { secrets, keyCache, defaultQuotas } = this.#parts
        const sealed = await this.#sealed(secret, payload)
        const outcome = await secrets.insert(sealed, defaultQuotas.secrets, facts)
        if (outcome === 'inserted') return { done: true }
        if (outcome !== 'keyGone') throw quotaRefusal('secrets', outcome)
        keyCache.purge(secret.projectId)
        return undefined
      })
      return secret.id
    } finally {
      payload?.bytes.fill(0)
    }
  }

  /** Is it there, whoever asks? @throws Fault('notFound') */
  async lookUp(id: SecretId | undefined): Promise<void> {
    await findSecretFacts(this.#parts, id)
  }

  /** GET /v1/secrets/{id}. At microversion 1.0, where most ask, one read. */
  async read(ctx: RequestContext, id: SecretId | undefined): Promise<ShownSecret> {
    const { policy, consumers } = this.#parts
    const found = await findSecretFacts(this.#parts, id)
    const secret = policy.authorize(ctx, 'secret:get', found).record
    if (ctx.microversion === 0) return { secret, consumers: undefined }
    return { secret, consumers: (await consumers.ofSecrets([secret.id])).get(secret.id) ?? [] }
  }

  /** GET /v1/secrets/{id}/payload. One read, one decision, one opening. */
  async readPayload(
    ctx: RequestContext,
    id: SecretId | undefined,
    readInput: () => void,
  ): Promise<Payload> {
    const grant = this.#parts.policy.authorize(
      ctx,
      'secret:decrypt',
      await findSecret(this.#parts, id),
    )
    readInput()
    const { envelope, contentType } = grant.record
    if (envelope === null || contentType === null) {
      throw new Fault('notFound', `Secret ${id} has no payload yet: PUT one first.`)
    }
    return { bytes: await this.#parts.sealer.open(grant), contentType }
  }

  /** PUT /v1/secrets/{id}: the second step of a two-step create. */
  async storePayload(
    ctx: RequestContext,
    id: SecretId | undefined,
    readInput: () => Promise<NewPayload>,
  ): Promise<void> {
    const { policy, clock, secrets } = this.#parts
    policy.authorize(ctx, 'secret:put', await findSecret(this.#parts, id))
    const payload = await readInput()
    try {
      await untilFresh(async () => {
        const { record } = policy.authorize(ctx, 'secret:put', await findSecret(this.#parts, id))
        if (record.envelope !== null) throw alreadyStored(record.id)
        const { rowMac, ...secret } = record
        const next = { ...secret, contentType: payload.contentType, updatedAt: clock.now() }
        const sealed = await this.#sealed(next, payload)
        const outcome = await secrets.storePayload(rowMac, sealed, this.#factsOf(next, payload))
        if (outcome === 'conflict') throw alreadyStored(record.id)
        if (outcome === 'keyGone') this.#parts.keyCache.purge(record.projectId)
        return outcome === 'changed' ? { done: true } : undefined
      })
    } finally {
      payload.bytes.fill(0)
    }
  }

  /**
   * DELETE /v1/secrets/{id}. Its data key is destroyed in the same transaction, and its consumers go
   * with it, unless `readInput` says that a secret which has some is to be refused.
   */
  async remove(
    ctx: RequestContext,
    id: SecretId | undefined,
    readInput: () => 'refuse' | 'remove',
  ): Promise<void> {
    const { policy, clock, secrets } = this.#parts
    await untilFresh(async () => {
      const { record } = policy.authorize(ctx, 'secret:delete', await findSecret(this.#parts, id))
      const consumers = readInput()
      const outcome = await secrets.remove(record.id, record.rowMac, clock.now(), consumers)
      if (outcome === 'consumed') throw stillConsumed(record.id)
      return outcome === 'changed' ? { done: true } : undefined
    })
  }

  /** GET /v1/secrets. Shows metadata without checking MACs; private secrets are listed too (Q03). */
  async list(ctx: RequestContext, readInput: () => SecretListRequest): Promise<Page<ShownSecret>> {
    this.#parts.policy.authorizeProject(ctx, 'secrets:get')
    const { aclOnly, ...query } = readInput()
    const { projectId, userId } = ctx.caller
    const { items, total } = await this.#parts.secrets.list({
      ...query,
      scope: aclOnly && userId !== null ? { aclUser: userId } : { projectId },
      now: this.#parts.clock.now(),
    })
    return { items: await this.#shown(ctx, items), total }
  }

  async #shown(
    ctx: RequestContext,
    secrets: readonly SecretSummary[],
  ): Promise<readonly ShownSecret[]> {
    if (ctx.microversion === 0) return secrets.map((secret) => ({ secret, consumers: undefined }))
    const consumers = await this.#parts.consumers.ofSecrets(secrets.map(({ id }) => id))
    return secrets.map((secret) => ({ secret, consumers: consumers.get(secret.id) ?? [] }))
  }

  #factsOf({ secretType }: Secret, payload: NewPayload | null): PayloadFacts | undefined {
    return payload === null ? undefined : this.#parts.payloadReader.read(secretType, payload.bytes)
  }

  async #sealed(secret: Secret, payload: NewPayload | null): Promise<Stored<Secret>> {
    const { integrity, sealer } = this.#parts
    if (payload === null) return integrity.protect(secret)
    const binding = { ...secret, secretId: secret.id, contentType: payload.contentType }
    return integrity.protect({ ...secret, envelope: await sealer.seal(binding, payload.bytes) })
  }
}

function stillConsumed(id: SecretId): Fault {
  return new Fault(
    'badRequest',
    `Secret ${id} has consumers: remove them first, or delete it with force=true.`,
  )
}

function alreadyStored(id: SecretId): Fault {
  return new Fault('conflict', `Secret ${id} already has data, and a payload is written once.`)
}
