import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import { newTransportKeyId, type TransportKeyId } from '../lib/ids.ts'
import type { Page } from '../model/page.ts'
import type { RequestContext } from '../model/requestContext.ts'
import type { TransportKey } from '../model/transportKey.ts'
import type { Policy } from '../policy/policy.ts'
import type { TransportKeyQuery, TransportKeyRepository } from './ports/projectRepositories.ts'

interface Parts {
  readonly transportKeys: TransportKeyRepository
  readonly policy: Policy
  readonly clock: Clock
}

export type NewTransportKey = Pick<TransportKey, 'pluginName' | 'transportKey'>

/** A register that nothing here consults: no plugin of ours takes wrapped payloads (contract 09). */
export class TransportKeys {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** POST /v1/transport_keys. */
  async create(
    ctx: RequestContext,
    readInput: () => Promise<NewTransportKey>,
  ): Promise<TransportKeyId> {
    const { policy, transportKeys, clock } = this.#parts
    policy.authorizeProject(ctx, 'transport_keys:post')
    const input = await readInput()
    const now = clock.now()
    const id = newTransportKeyId()
    await transportKeys.insert({ id, ...input, createdAt: now, updatedAt: now })
    return id
  }

  /** Could the path name one? Whether it does is asked once the caller is authorized. @throws Fault('notFound') */
  async lookUp(id: TransportKeyId | undefined): Promise<void> {
    wellFormed(id)
  }

  /** GET /v1/transport_keys. */
  async list(ctx: RequestContext, query: TransportKeyQuery): Promise<Page<TransportKey>> {
    this.#parts.policy.authorizeProject(ctx, 'transport_keys:get')
    return this.#parts.transportKeys.list(query)
  }

  /** GET /v1/transport_keys/{id}. */
  async read(ctx: RequestContext, id: TransportKeyId | undefined): Promise<TransportKey> {
    const wanted = wellFormed(id)
    this.#parts.policy.authorizeProject(ctx, 'transport_key:get')
    const found = await this.#parts.transportKeys.find(wanted)
    if (found === undefined) throw notFound(wanted)
    return found
  }

  /** DELETE /v1/transport_keys/{id}. */
  async remove(ctx: RequestContext, id: TransportKeyId | undefined): Promise<void> {
    const wanted = wellFormed(id)
    this.#parts.policy.authorizeProject(ctx, 'transport_key:delete')
    if ((await this.#parts.transportKeys.remove(wanted)) === 'gone') throw notFound(wanted)
  }
}

function wellFormed(id: TransportKeyId | undefined): TransportKeyId {
  if (id !== undefined) return id
  throw new Fault('notFound', 'Transport key id invalid: a lower-case UUID is wanted.')
}

function notFound(id: TransportKeyId): Fault {
  return new Fault('notFound', `Transport key ${id} not found.`)
}
