import { randomInt } from 'node:crypto'
import type { Channel, ConsumeMessage } from 'amqplib'
import { unavailable } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import { type Broker, type BrokerTls, closeBroker, connectBroker } from './brokerConnection.ts'
import { openQueue, type QueueOptions, queueNameOf } from './brokerQueue.ts'
import { readKeystoneNotification } from './keystoneNotification.ts'
import type { ListenerEvent } from './listenerEvent.ts'

export interface KeystoneListenerParts {
  /** Tried in turn. */
  readonly brokers: readonly Broker[]
  readonly virtualHost: string
  /** Asked for every connection, so that renewed files are taken up; undefined: in clear. */
  readonly tls: (() => BrokerTls) | undefined
  readonly queue: QueueOptions
  /** Resolves when it is durable that this project is deleted. */
  readonly onProjectDeleted: (projectId: ProjectId) => Promise<void>
  readonly onEvent: (event: ListenerEvent) => void
  /** Returns when the time is over, or sooner once the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly times?: Partial<ListenerTimes>
}

export interface ListenerTimes {
  readonly connectMs: number
  readonly heartbeatSeconds: number
  readonly firstPauseMs: number
  readonly longestPauseMs: number
  /**
   * How long a message is held while the database is away, before the broker gets it back for another
   * node: below RabbitMQ's own patience (30 minutes), and seldom enough that a quorum queue, which
   * drops what was delivered 20 times, keeps it for hours.
   */
  readonly holdMs: number
}

const TIMES: ListenerTimes = {
  connectMs: 10_000,
  heartbeatSeconds: 30,
  firstPauseMs: 1_000,
  longestPauseMs: 30_000,
  holdMs: 600_000,
}
const MESSAGES_AT_HAND = 10

/**
 * Listens for projects that Keystone deleted. A message is acknowledged once its deletion is durable,
 * or when it never will be one; all others come again, here or on another node of the pool.
 */
export class KeystoneListener {
  readonly #parts: KeystoneListenerParts
  readonly #times: ListenerTimes
  readonly #stopped = new AbortController()
  #isListening = false
  #work: Promise<void> | undefined

  constructor(parts: KeystoneListenerParts) {
    this.#parts = parts
    this.#times = { ...TIMES, ...parts.times }
  }

  start(): void {
    this.#work ??= this.#untilStopped()
  }

  /** What is not acknowledged by now is delivered again to whoever listens next. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#work
  }

  get isListening(): boolean {
    return this.#isListening
  }

  /** For /readyz. @throws Fault('unavailable') */
  async health(): Promise<void> {
    if (!this.#isListening) throw unavailable('No message broker is connected.')
  }

  async #untilStopped(): Promise<void> {
    const { brokers, onEvent } = this.#parts
    let failures = 0
    for (let turn = 0; !this.#isStopping; turn += 1) {
      const broker = brokers[turn % brokers.length]
      if (broker === undefined) return
      try {
        await this.#listenAt(broker, () => {
          failures = 0
        })
      } catch (error) {
        onEvent({ type: 'disconnected', host: broker.host, error: asError(error) })
      }
      failures += 1
      await this.#pause(Math.floor((failures - 1) / brokers.length))
    }
  }

  /** Returns when it is stopped. @throws when the connection does not come about, or ends */
  async #listenAt(broker: Broker, onListening: () => void): Promise<void> {
    const { queue, onEvent, tls, virtualHost } = this.#parts
    const connection = await connectBroker(broker, { tls, virtualHost, ...this.#times })
    const { promise: ended, reject: end } = Promise.withResolvers<never>()
    ended.catch(() => undefined)
    connection.on('error', end)
    connection.on('close', () => end(new Error('the connection was closed')))
    const gone = new AbortController()
    let handled = Promise.resolve()
    let channel: Channel | undefined
    try {
      const opened = await openQueue(connection, queue)
      channel = opened
      opened.on('error', end)
      opened.on('close', () => end(new Error('the channel was closed')))
      await opened.prefetch(MESSAGES_AT_HAND)
      await opened.consume(queueNameOf(queue), (message) => {
        if (message === null) end(new Error('the queue was deleted'))
        else handled = handled.then(() => this.#handle(opened, message, gone.signal)).catch(end)
      })
      this.#isListening = true
      onListening()
      const isShared = queue.poolName === undefined
      onEvent({ type: 'listening', host: broker.host, queue: queueNameOf(queue), isShared })
      await Promise.race([ended, aborted(this.#stopped.signal)])
    } finally {
      this.#isListening = false
      gone.abort()
      await handled
      await closeBroker(connection, this.#times.connectMs, channel)
    }
  }

  async #handle(channel: Channel, message: ConsumeMessage, gone: AbortSignal): Promise<void> {
    if (gone.aborted) return
    const told = readKeystoneNotification(message.content)
    this.#parts.onEvent({ type: 'received', ...told, isRedelivered: message.fields.redelivered })
    if (told.kind !== 'projectDeleted') {
      channel.ack(message)
      return
    }
    const isNoted = await this.#note(told.projectId, gone)
    if (gone.aborted) return
    if (isNoted) channel.ack(message)
    else channel.nack(message, false, true)
  }

  /** false: the database stayed away as long as a message is held. */
  async #note(projectId: ProjectId, gone: AbortSignal): Promise<boolean> {
    const { onProjectDeleted, onEvent, wait } = this.#parts
    const until = performance.now() + this.#times.holdMs
    for (let tries = 0; ; tries += 1) {
      try {
        await onProjectDeleted(projectId)
        return true
      } catch (error) {
        onEvent({ type: 'held', projectId, error: asError(error) })
      }
      if (gone.aborted || performance.now() >= until) return false
      await wait(this.#pauseMs(tries), gone)
    }
  }

  async #pause(rounds: number): Promise<void> {
    if (!this.#isStopping) await this.#parts.wait(this.#pauseMs(rounds), this.#stopped.signal)
  }

  /** Longer each time, and never the same for all nodes. */
  #pauseMs(tries: number): number {
    const { firstPauseMs, longestPauseMs } = this.#times
    const most = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(tries, 16))
    return randomInt(Math.ceil(most / 2), most + 1)
  }

  get #isStopping(): boolean {
    return this.#stopped.signal.aborted
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
