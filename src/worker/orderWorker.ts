import { setTimeout as delay } from 'node:timers/promises'
import type {
  OrderTask,
  OrderTaskRepository,
  ProcessMarks,
} from '../domain/ports/orderRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { OrderId } from '../lib/ids.ts'
import { Stillness } from '../lib/stillness.ts'
import { NEVER, type Timestamp, timestampFromMicros } from '../lib/timestamp.ts'
import type { KeyPairTask, TaskOutcome } from './keyPairTask.ts'
import type { OrderEvent } from './orderEvent.ts'

export interface OrderWorkerParts {
  readonly tasks: OrderTaskRepository
  readonly keyPairTask: Pick<KeyPairTask, 'perform' | 'fail'>
  readonly processes: ProcessMarks
  readonly clock: Clock
  /** Must not throw. */
  readonly onEvent: (event: OrderEvent) => void
  readonly times?: Partial<WorkerTimes>
}

export interface WorkerTimes {
  /** How often it looks for what others placed, and for what a dead process left. */
  readonly lookEveryMs: number
  /** A lease that stands still for so long is a dead process's. */
  readonly leaseMs: number
  readonly renewEveryMs: number
  /** Waits before the second attempt, and twice as long before each further one. */
  readonly retryAfterMs: number
  /** How long whoever placed an order waits for it. */
  readonly patienceMs: number
}

const TIMES: WorkerTimes = {
  lookEveryMs: 5_000,
  leaseMs: 30_000,
  renewEveryMs: 5_000,
  retryAfterMs: 2_000,
  patienceMs: 10_000,
}
/**
 * What a task may cost before it ends in ERROR. Taking it up costs 1, so that a task under which processes
 * die ends as well, though not for the kills of an unlucky day; a pair that could not be made costs 10.
 */
const MAX_COST = 100
const COST_OF_FAILURE = 10
const LONGEST_RETRY_MS = 60_000

/** Works through the queue of orders, one at a time, oldest first. */
export class OrderWorker {
  readonly #parts: OrderWorkerParts
  readonly #times: WorkerTimes
  readonly #owner: string
  readonly #stillness: Stillness
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #isWoken = false
  #wake: () => void = () => undefined
  /** Who waits for an order that was placed here. */
  readonly #awaited = new Map<OrderId, () => void>()

  constructor(parts: OrderWorkerParts) {
    this.#parts = parts
    this.#times = { ...TIMES, ...parts.times }
    this.#owner = parts.processes.own
    this.#stillness = new Stillness(() => parts.clock.monotonicMs(), this.#times.leaseMs / 2)
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /**
   * An order was placed here: there is no need to wait for the next look. Answers when it is over, when it
   * takes too long, or at once where nobody works.
   */
  async workOnSoon(id: OrderId): Promise<void> {
    if (this.#running === undefined || this.#isStopping) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#awaited.set(id, resolve)
    const timer = setTimeout(resolve, this.#times.patienceMs)
    this.#isWoken = true
    this.#wake()
    await promise
    clearTimeout(timer)
    this.#awaited.delete(id)
  }

  /** Ends at once; a key pair in the making is given back to the queue. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake()
    for (const resolve of this.#awaited.values()) resolve()
    await this.#running
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      this.#isWoken = false
      const hasWorked = await this.#workOnNext().catch((error: unknown) => {
        this.#parts.onEvent({ type: 'blocked', error: asError(error) })
        return false
      })
      if (!hasWorked) await this.#sleep()
    }
  }

  async #sleep(): Promise<void> {
    if (this.#isWoken || this.#isStopping) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#times.lookEveryMs).unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #workOnNext(): Promise<boolean> {
    const { tasks, clock } = this.#parts
    if (!(await this.#isAnythingWaiting()) || this.#isStopping) return false
    const task = await tasks.claim(this.#owner, clock.now(), this.#inMs(this.#times.leaseMs))
    if (task === undefined) return false
    await this.#workOn(task)
    return true
  }

  /** A read, so that an empty queue costs no write. Takes from the dead what they held. */
  async #isAnythingWaiting(): Promise<boolean> {
    const { tasks, processes, onEvent } = this.#parts
    const { waiting, owners } = await tasks.look()
    onEvent({ type: 'looked', waiting })
    for (const owner of owners) {
      if (owner === this.#owner || !processes.isDead(owner)) continue
      await tasks.releaseAllOf(owner)
      onEvent({ type: 'freed', owner })
    }
    if (waiting > 0) await this.#freeWhatStandsStill()
    return waiting > 0
  }

  /**
   * No clock of two nodes is compared: a lease that stands still is nobody's any more. What rests after a
   * failure comes free by its time; by a clock that was an hour ahead it would do so an hour late.
   */
  async #freeWhatStandsStill(): Promise<void> {
    const { tasks, onEvent } = this.#parts
    const leased = await tasks.leased()
    const marks = leased.map(({ orderId, owner, until }) => [orderId, `${owner} ${until}`] as const)
    const stillMs = this.#stillness.look(new Map(marks))
    for (const task of leased) {
      const { orderId, owner } = task
      const patienceMs = owner === null ? LONGEST_RETRY_MS : this.#times.leaseMs
      if ((stillMs.get(orderId) ?? 0) <= patienceMs) continue
      await tasks.free(task)
      if (owner !== null) onEvent({ type: 'freed', owner })
    }
  }

  async #workOn(task: OrderTask): Promise<void> {
    const { clock } = this.#parts
    const ended = new AbortController()
    const lost = new AbortController()
    const renewing = this.#keepLease(task, ended.signal, lost)
    const startedMs = clock.monotonicMs()
    try {
      const signal = AbortSignal.any([this.#stopping.signal, lost.signal])
      const outcome = await this.#attempt(task, signal)
      this.#tell(task, outcome, clock.monotonicMs() - startedMs)
    } catch (error) {
      if (lost.signal.aborted) this.#tell(task, 'lost', 0)
      else await this.#giveBack(task, asError(error))
    } finally {
      this.#awaited.get(task.orderId)?.()
      ended.abort()
      await renewing
    }
  }

  async #attempt(task: OrderTask, signal: AbortSignal): Promise<TaskOutcome> {
    const { keyPairTask } = this.#parts
    if (task.cost > MAX_COST) return this.#failForGood(task)
    try {
      return await keyPairTask.perform(task, this.#owner, signal)
    } catch (error) {
      const isLast = costAfterFailure(task) >= MAX_COST
      if (!isLast || signal.aborted || isNobodysFault(error)) throw error
      return this.#failForGood(task)
    }
  }

  #failForGood(task: OrderTask): Promise<TaskOutcome> {
    const reason = 'no key pair came of many attempts'
    return this.#parts.keyPairTask.fail(task, this.#owner, reason)
  }

  /** While it is worked on, the task stays this process's; without the database it may become another's. */
  async #keepLease(task: OrderTask, ended: AbortSignal, lost: AbortController): Promise<void> {
    const { tasks } = this.#parts
    const { renewEveryMs, leaseMs } = this.#times
    while (!ended.aborted) {
      await delay(renewEveryMs, undefined, { signal: ended, ref: false }).catch(() => undefined)
      if (ended.aborted) return
      try {
        const isOurs = await tasks.renew(task.orderId, this.#owner, this.#inMs(leaseMs))
        if (!isOurs) lost.abort()
      } catch {
        // Away: whether it is still ours is asked again when it is settled.
      }
    }
  }

  async #giveBack(task: OrderTask, error: Error): Promise<void> {
    const { tasks, onEvent } = this.#parts
    const { orderId } = task
    const isParked = error instanceof Fault && error.kind === 'corrupted'
    const isFree = this.#isStopping || isNobodysFault(error)
    const cost = isFree ? task.cost - 1 : costAfterFailure(task)
    const doubled = this.#times.retryAfterMs * 2 ** Math.floor(cost / COST_OF_FAILURE)
    const retryAfterMs = Math.min(doubled, LONGEST_RETRY_MS)
    const notBefore = isParked ? NEVER : this.#inMs(this.#isStopping ? 0 : retryAfterMs)
    onEvent(
      isParked
        ? { type: 'parked', orderId, error }
        : { type: 'released', orderId, error: this.#isStopping ? undefined : error },
    )
    // Without the database it stays ours until the lease ends.
    await tasks.release({ ...task, cost }, this.#owner, notBefore).catch(() => undefined)
  }

  #tell({ orderId }: OrderTask, outcome: TaskOutcome, durationMs: number): void {
    const { onEvent } = this.#parts
    if (outcome === 'made') onEvent({ type: 'made', orderId, durationMs })
    else if (outcome === 'lost') onEvent({ type: 'lost', orderId })
    else onEvent({ type: 'failed', orderId, reason: outcome.failed })
  }

  #inMs(ms: number): Timestamp {
    return timestampFromMicros((this.#parts.clock.epochMs() + ms) * 1000)
  }
}

function costAfterFailure({ cost }: OrderTask): number {
  return cost - 1 + COST_OF_FAILURE
}

/** The database or the KEK store is away: that says nothing about the order. */
function isNobodysFault(error: unknown): boolean {
  return error instanceof Fault && error.kind === 'unavailable'
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(`a ${typeof error} was thrown`)
}
