import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { SecretId } from '../lib/ids.ts'
import type { RequestContext } from '../model/requestContext.ts'
import type { Policy } from '../policy/policy.ts'
import { findSecretFacts } from './findSecret.ts'
import type { Integrity } from './ports/crypto.ts'
import type { SecretMetadataRepository, SecretRepository } from './ports/secretRepositories.ts'

interface Parts {
  readonly secrets: SecretRepository
  readonly metadata: SecretMetadataRepository
  readonly integrity: Integrity
  readonly policy: Policy
  readonly clock: Clock
}

export interface Metadatum {
  /** Lower case. */
  readonly key: string
  readonly value: string
}

/** A user's own notes on a secret (contract 02). They do not move its `updated`. */
export class SecretMetadata {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Is the secret there, whoever asks? @throws Fault('notFound') */
  async lookUp(id: SecretId | undefined): Promise<void> {
    await findSecretFacts(this.#parts, id)
  }

  async all(ctx: RequestContext, id: SecretId | undefined): Promise<ReadonlyMap<string, string>> {
    return this.#parts.metadata.all(await this.#authorized(ctx, 'secret_meta:get', id))
  }

  async replaceAll(
    ctx: RequestContext,
    id: SecretId | undefined,
    readInput: () => Promise<ReadonlyMap<string, string>>,
  ): Promise<void> {
    const secretId = await this.#authorized(ctx, 'secret_meta:put', id)
    const outcome = await this.#parts.metadata.replaceAll(secretId, await readInput())
    if (outcome === 'gone') throw secretGone(secretId)
  }

  async add(
    ctx: RequestContext,
    id: SecretId | undefined,
    readInput: () => Promise<Metadatum>,
  ): Promise<Metadatum> {
    const secretId = await this.#authorized(ctx, 'secret_meta:post', id)
    const input = await readInput()
    const outcome = await this.#parts.metadata.add(secretId, input.key, input.value)
    if (outcome === 'gone') throw secretGone(secretId)
    if (outcome === 'exists') {
      throw new Fault('conflict', `Key ${input.key} is there already: PUT replaces its value.`)
    }
    return input
  }

  async get(ctx: RequestContext, id: SecretId | undefined, key: string): Promise<Metadatum> {
    const secretId = await this.#authorized(ctx, 'secret_meta:get', id)
    const value = await this.#parts.metadata.get(secretId, key)
    if (value === undefined) throw keyNotFound(key)
    return { key, value }
  }

  /** `key` is the path's, as sent: only the body's key is folded (contract 02). */
  async set(
    ctx: RequestContext,
    id: SecretId | undefined,
    key: string,
    readInput: () => Promise<Metadatum>,
  ): Promise<Metadatum> {
    const secretId = await this.#authorized(ctx, 'secret_meta:put', id)
    const input = await readInput()
    if (input.key !== key) {
      // What the path names comes first: without it there is nothing to be at odds with.
      if ((await this.#parts.metadata.get(secretId, key)) === undefined) throw keyNotFound(key)
      throw new Fault('conflict', `The body names key ${input.key}, and the path names another.`)
    }
    const outcome = await this.#parts.metadata.set(secretId, key, input.value)
    if (outcome === 'absent') throw keyNotFound(key)
    return input
  }

  async remove(ctx: RequestContext, id: SecretId | undefined, key: string): Promise<void> {
    const secretId = await this.#authorized(ctx, 'secret_meta:delete', id)
    await this.#parts.metadata.remove(secretId, key)
  }

  async #authorized(
    ctx: RequestContext,
    rule: 'secret_meta:get' | 'secret_meta:put' | 'secret_meta:post' | 'secret_meta:delete',
    id: SecretId | undefined,
  ): Promise<SecretId> {
    const secret = await findSecretFacts(this.#parts, id)
    return this.#parts.policy.authorize(ctx, rule, secret).record.id
  }
}

function keyNotFound(key: string): Fault {
  return new Fault('notFound', `Key ${key} not found in the metadata of this secret.`)
}

function secretGone(id: SecretId): Fault {
  return new Fault('notFound', `Secret ${id} not found.`)
}
