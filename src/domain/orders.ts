import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import { newOrderId, newSecretId, type OrderId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { Order } from '../model/order.ts'
import type { Page } from '../model/page.ts'
import type { Quotas } from '../model/quota.ts'
import type { Stored, Verified } from '../model/record.ts'
import type { RequestContext } from '../model/requestContext.ts'
import { isExpired, type Secret } from '../model/secret.ts'
import type { Policy } from '../policy/policy.ts'
import type { NewKeyOrder, NewOrder } from './newOrder.ts'
import type { Integrity, KeyCache, OrderInputs, Sealer } from './ports/crypto.ts'
import type { NewOrderTask, OrderQuery, OrderRepository } from './ports/orderRepositories.ts'
import { quotaRefusal } from './quotas.ts'
import { untilFresh } from './untilFresh.ts'
import { whyNotMade } from './whyNotMade.ts'

interface Parts {
  readonly orders: OrderRepository
  readonly integrity: Integrity
  readonly sealer: Sealer
  readonly inputs: OrderInputs
  readonly keyCache: KeyCache
  readonly defaultQuotas: Quotas
  readonly policy: Policy
  readonly clock: Clock
  /** An order waits in the queue. Whoever works on them here answers when it is over, or takes too long. */
  readonly whenWorkedOn: (id: OrderId) => Promise<void>
}

/** The reference says `Unknown` twice of every finished order (Q55). */
const FINISHED = { status: 'ACTIVE', subStatus: 'Unknown', subStatusMessage: 'Unknown' } as const
const WAITING = { status: 'PENDING', subStatus: null, subStatusMessage: null } as const
const FAILED = { status: 'ERROR', subStatus: null, subStatusMessage: null } as const

/** What is stored of a new order beside the order itself. */
interface Begun {
  readonly state: typeof FINISHED | typeof WAITING | typeof FAILED
  readonly secret?: Stored<Secret>
  readonly task?: NewOrderTask
}

/**
 * Orders. A key is made before the answer leaves, since castellan looks after 250 ms; a key pair waits in
 * the queue for worker/orderWorker.ts, since making it would hold up every reader (design 9).
 */
export class Orders {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** POST /v1/orders. 202 whatever becomes of it: what cannot be made is an order in ERROR (Q60). */
  async create(ctx: RequestContext, readInput: () => Promise<NewOrder>): Promise<OrderId> {
    this.#parts.policy.authorizeProject(ctx, 'orders:post')
    const input = await readInput()
    try {
      return await this.#place(ctx, input)
    } finally {
      for (const passphrase of passphrasesOf(input)) passphrase.fill(0)
    }
  }

  async #place(ctx: RequestContext, input: NewOrder): Promise<OrderId> {
    const { integrity, orders, keyCache, clock, defaultQuotas } = this.#parts
    const now = clock.now()
    if (isExpired(input, now)) {
      throw new Fault(
        'badRequest',
        'Property meta.expiration is not valid: a time in the future is wanted.',
      )
    }
    const refusal = whyNotMade(input)
    const id = newOrderId()
    const { task } = await untilFresh(async () => {
      const begun =
        refusal === undefined ? await this.#begin(ctx, id, input, now) : { state: FAILED }
      const order = await integrity.protect<Order>({
        kind: 'order',
        id,
        projectId: ctx.caller.projectId,
        type: input.type,
        meta: input.meta,
        ...begun.state,
        errorStatusCode: refusal === undefined ? null : '400',
        errorReason: refusal ?? null,
        creatorId: ctx.caller.userId,
        secretId: begun.secret?.id ?? null,
        containerId: null,
        createdAt: now,
        updatedAt: now,
      })
      const outcome = await orders.place(order, begun.secret, begun.task, defaultQuotas.orders)
      if (outcome === 'placed') return begun
      if (outcome !== 'keyGone') throw quotaRefusal('orders', outcome)
      keyCache.purge(order.projectId)
      return undefined
    })
    if (task !== undefined) await this.#parts.whenWorkedOn(id)
    return id
  }

  /** Is it there, in the caller's project? @throws Fault('notFound') */
  async lookUp(ctx: RequestContext, id: OrderId): Promise<void> {
    await this.#find(ctx, id)
  }

  /** GET /v1/orders/{id}. */
  async read(ctx: RequestContext, id: OrderId): Promise<Order> {
    return this.#parts.policy.authorize(ctx, 'order:get', await this.#find(ctx, id)).record
  }

  /** GET /v1/orders. */
  async list(
    ctx: RequestContext,
    readInput: () => Omit<OrderQuery, 'projectId'>,
  ): Promise<Page<Order>> {
    this.#parts.policy.authorizeProject(ctx, 'orders:get')
    return this.#parts.orders.list({ ...readInput(), projectId: ctx.caller.projectId })
  }

  /** DELETE /v1/orders/{id}: what it made stays. */
  async remove(ctx: RequestContext, id: OrderId): Promise<void> {
    const { policy, orders, clock } = this.#parts
    await untilFresh(async () => {
      const { record } = policy.authorize(ctx, 'order:delete', await this.#find(ctx, id))
      const outcome = await orders.remove(record.id, record.rowMac, clock.now())
      return outcome === 'changed' ? { done: true } : undefined
    })
  }

  /** PUT /v1/orders: what it once did went with certificate orders; RBAC still speaks first (contract 05). */
  async refuseUpdate(ctx: RequestContext): Promise<never> {
    this.#parts.policy.authorizeProject(ctx, 'orders:put')
    throw new Fault(
      'methodNotAllowed',
      'Orders cannot be changed: delete this one and place another.',
    )
  }

  async #find(ctx: RequestContext, id: OrderId): Promise<Verified<Order>> {
    const { orders, integrity } = this.#parts
    const order = await integrity.verified(await orders.find(ctx.caller.projectId, id))
    if (order === undefined) throw new Fault('notFound', 'Order not found.')
    return order
  }

  async #begin(ctx: RequestContext, id: OrderId, input: NewOrder, now: Timestamp): Promise<Begun> {
    if (input.type === 'key')
      return { state: FINISHED, secret: await this.#makeKey(ctx, input, now) }
    const [passphrase] = passphrasesOf(input)
    const { projectId } = ctx.caller
    const sealedInput =
      passphrase === undefined ? null : await this.#parts.inputs.seal({ id, projectId }, passphrase)
    return { state: WAITING, task: { sealedInput } }
  }

  /** The owner is who ordered, whatever meta.creator_id says (Q39). */
  async #makeKey(ctx: RequestContext, input: NewKeyOrder, now: Timestamp): Promise<Stored<Secret>> {
    const { sealer, integrity } = this.#parts
    const secret = {
      kind: 'secret',
      id: newSecretId(),
      projectId: ctx.caller.projectId,
      name: input.name,
      secretType: 'symmetric',
      algorithm: input.algorithm,
      bitLength: input.bitLength,
      mode: input.mode,
      expiration: input.expiration,
      creatorId: ctx.caller.userId,
      contentType: input.contentType,
      createdAt: now,
      updatedAt: now,
      acl: null,
    } as const
    const binding = { ...secret, secretId: secret.id }
    const envelope = await sealer.sealRandom(binding, input.bitLength / 8)
    return integrity.protect<Secret>({ ...secret, envelope })
  }
}

function passphrasesOf(input: NewOrder): readonly Buffer[] {
  if (input.type === 'key') return []
  return input.passphrases.filter((passphrase) => passphrase !== 'notText')
}
