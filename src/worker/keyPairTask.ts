import { keyPairAlgorithm } from '../domain/keyPairAlgorithms.ts'
import { wantsPassphrase } from '../domain/passphrase.ts'
import type {
  Alarms,
  Integrity,
  KeyCache,
  KeyPairMaker,
  OrderInputs,
  PayloadReader,
  Sealer,
} from '../domain/ports/crypto.ts'
import type {
  MadeKeyPair,
  OrderTask,
  OrderTaskRepository,
} from '../domain/ports/orderRepositories.ts'
import { untilFresh } from '../domain/untilFresh.ts'
import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import { newContainerId, newSecretId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { PayloadFacts } from '../model/certificateFacts.ts'
import type { Container } from '../model/container.ts'
import { contentTypeNamed } from '../model/contentTypes.ts'
import type { KeyPair, KeyPairRecipe } from '../model/keyPair.ts'
import type { Order } from '../model/order.ts'
import type { Stored, Verified } from '../model/record.ts'
import type { Secret } from '../model/secret.ts'

export interface KeyPairTaskParts {
  readonly tasks: OrderTaskRepository
  readonly maker: KeyPairMaker
  readonly inputs: OrderInputs
  readonly integrity: Integrity
  readonly sealer: Sealer
  readonly payloadReader: Pick<PayloadReader, 'ofPublicKey'>
  readonly keyCache: KeyCache
  readonly alarms: Alarms
  readonly clock: Clock
}

export type TaskOutcome = 'made' | 'lost' | { readonly failed: string }

/** Which end an order meets. */
type End =
  | { readonly status: 'ACTIVE'; readonly made: MadeKeyPair }
  | { readonly status: 'ERROR'; readonly reason: string }

/** The keys of a pair and their passphrase, in clear and with the type of secret each becomes. */
interface Part {
  readonly name: 'private_key' | 'public_key' | 'private_key_passphrase'
  readonly secretType: 'private' | 'public' | 'passphrase'
  readonly bytes: Uint8Array
}

/** One order of a key pair, from the queue to its container. Keys and passphrase exist in clear only here. */
export class KeyPairTask {
  readonly #parts: KeyPairTaskParts

  constructor(parts: KeyPairTaskParts) {
    this.#parts = parts
  }

  /**
   * @throws Fault('corrupted') when the order is not what was written: nothing may be done with it
   * @throws whatever the maker, the database or the KEK store throws: another attempt may succeed
   */
  async perform(task: OrderTask, owner: string, signal: AbortSignal): Promise<TaskOutcome> {
    const order = await this.#order(task)
    if (order === undefined) return 'lost'
    if (order.status !== 'PENDING') {
      // An order ends together with its task: somebody put this one there.
      throw this.#alarm(order, 'a task waits for an order that has ended')
    }
    let passphrase: Buffer | undefined
    try {
      passphrase = await this.#passphrase(order, task)
    } catch (error) {
      // The order itself is sound, so it may end: its passphrase is beyond recovery.
      if (!(error instanceof Fault) || error.kind !== 'corrupted') throw error
      return this.fail(task, owner, 'its stored input is damaged')
    }
    try {
      const recipe = recipeOf(order)
      const pair = await this.#parts.maker.make(recipe, passphrase, signal)
      try {
        const facts = this.#parts.payloadReader.ofPublicKey(pair.publicKey)
        return await this.#store(task, owner, recipe, partsOf(pair, passphrase), facts)
      } finally {
        pair.privateKey.fill(0)
        pair.publicKey.fill(0)
      }
    } finally {
      passphrase?.fill(0)
    }
  }

  /** Ends an order in ERROR for a reason of ours. @throws as `perform` */
  async fail(task: OrderTask, owner: string, reason: string): Promise<TaskOutcome> {
    const end = { status: 'ERROR', reason } as const
    const isSettled = await this.#settle(task, owner, async () => end)
    return isSettled ? { failed: reason } : 'lost'
  }

  async #store(
    task: OrderTask,
    owner: string,
    recipe: KeyPairRecipe,
    parts: readonly Part[],
    factsOfPrivateKey: PayloadFacts | undefined,
  ): Promise<TaskOutcome> {
    const isSettled = await this.#settle(task, owner, async (order, now) => {
      const secrets: Stored<Secret>[] = []
      for (const part of parts) secrets.push(await this.#sealed(order, part, now))
      const container = await this.#parts.integrity.protect<Container>(
        {
          kind: 'container',
          id: newContainerId(),
          projectId: order.projectId,
          type: recipe.containerType,
          name: nameOf(order),
          creatorId: order.creatorId,
          members: parts.map(({ name }, index) => ({
            name,
            secretId: (secrets[index] as Secret).id,
            isGone: false,
          })),
          acl: null,
          createdAt: now,
          updatedAt: now,
        },
        order.rowMac,
      )
      const facts = new Map(
        secrets.flatMap(({ id, secretType }) =>
          secretType === 'private' && factsOfPrivateKey !== undefined
            ? [[id, factsOfPrivateKey]]
            : [],
        ),
      )
      return { status: 'ACTIVE', made: { container, secrets, facts } }
    })
    return isSettled ? 'made' : 'lost'
  }

  /** Reads the order anew for each attempt: its MAC, or the key under it, may have changed meanwhile. */
  async #settle(
    task: OrderTask,
    owner: string,
    ending: (order: Verified<Order>, now: Timestamp) => Promise<End>,
  ): Promise<boolean> {
    const { tasks, integrity, keyCache, clock } = this.#parts
    return untilFresh(async () => {
      const order = await this.#order(task)
      // Meanwhile deleted, or ended by whoever held the task after this process.
      if (order?.status !== 'PENDING') return { value: false }
      const now = clock.now()
      const end = await ending(order, now)
      const made = end.status === 'ACTIVE' ? end.made : undefined
      const { rowMac } = order
      const next: Order = { ...order, ...endOf(end), updatedAt: now }
      const ended = await integrity.protect(next, rowMac)
      const outcome = await tasks.settle(owner, rowMac, ended, made)
      if (outcome === 'keyGone') keyCache.purge(order.projectId)
      if (outcome === 'keyGone' || outcome === 'stale') return undefined
      return { value: outcome === 'settled' }
    }).then(({ value }) => value)
  }

  /** undefined: it was deleted. */
  async #order({ orderId }: OrderTask): Promise<Verified<Order> | undefined> {
    const { tasks, integrity } = this.#parts
    return integrity.verified(await tasks.order(orderId))
  }

  /** undefined: none is wanted. The order says so under its MAC, so that no task can be robbed of it. */
  async #passphrase(
    order: Verified<Order>,
    { sealedInput }: OrderTask,
  ): Promise<Buffer | undefined> {
    if (!wantsPassphrase(order.meta)) return undefined
    if (sealedInput === null) throw this.#alarm(order, 'the passphrase of a waiting order is gone')
    return this.#parts.inputs.open(order, sealedInput)
  }

  /** Where the order lies: what its project's token said when it came is all that counts here (ADR 0057). */
  async #sealed(order: Verified<Order>, part: Part, now: Timestamp): Promise<Stored<Secret>> {
    const { sealer, integrity } = this.#parts
    const { meta, projectId, creatorId, rowMac } = order
    const { secretType, bytes } = part
    const id = newSecretId()
    const contentType = contentTypeOf(order)
    const binding = { projectId, secretId: id, secretType, contentType }
    const envelope = await sealer.seal(binding, bytes, rowMac)
    return integrity.protect<Secret>(
      {
        kind: 'secret',
        id,
        projectId,
        name: nameOf(order),
        secretType,
        algorithm: textIn(meta, 'algorithm'),
        bitLength: bitLengthOf(order),
        mode: textIn(meta, 'mode'),
        expiration: textIn(meta, 'expiration') as Timestamp | null,
        creatorId,
        contentType,
        createdAt: now,
        updatedAt: now,
        acl: null,
        envelope,
      },
      rowMac,
    )
  }

  #alarm({ id, projectId }: Order, what: string): Fault {
    this.#parts.alarms.integrity({ what, kind: 'order', id, projectId })
    return new Fault('corrupted', `The stored order ${id}: ${what}.`)
  }
}

function partsOf(pair: KeyPair, passphrase: Buffer | undefined): readonly Part[] {
  const keys = [
    { name: 'private_key', secretType: 'private', bytes: pair.privateKey },
    { name: 'public_key', secretType: 'public', bytes: pair.publicKey },
  ] as const
  if (passphrase === undefined) return keys
  return [...keys, { name: 'private_key_passphrase', secretType: 'passphrase', bytes: passphrase }]
}

function endOf(end: End) {
  if (end.status === 'ACTIVE') {
    // The reference says `Unknown` twice of every finished order (Q55).
    const unknown = { subStatus: 'Unknown', subStatusMessage: 'Unknown' }
    return { status: end.status, ...unknown, containerId: end.made.container.id }
  }
  const errorReason = `Process TypeOrder failure seen - ${end.reason}.`
  return { status: end.status, errorStatusCode: '500', errorReason }
}

/*
 * What a verified order says in its meta was decoded before it was stored, and is under its MAC.
 */

function recipeOf(order: Verified<Order>): KeyPairRecipe {
  const known = keyPairAlgorithm(textIn(order.meta, 'algorithm') ?? '')
  const spec = known?.specs.get(bitLengthOf(order))
  if (known === undefined || spec === undefined) {
    throw new Error(`Order ${order.id} waits for a key pair that this release does not make.`)
  }
  return { spec, form: known.form, containerType: known.containerType }
}

function nameOf({ meta }: Order): string | null {
  return textIn(meta, 'name')
}

function bitLengthOf({ meta }: Order): number {
  return Number(meta['bit_length'])
}

function contentTypeOf({ meta }: Order) {
  return contentTypeNamed(textIn(meta, 'payload_content_type') ?? '') ?? 'application/octet-stream'
}

function textIn(meta: Order['meta'], key: string): string | null {
  const value = meta[key]
  return typeof value === 'string' ? value : null
}
