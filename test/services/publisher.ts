import { randomUUID } from 'node:crypto'
import { type Channel, type ChannelModel, connect } from 'amqplib'

export const EXCHANGE = 'keystone'
export const ROUTING_KEY = 'notifications.info'

/** A notification in the envelope of `messagingv2`. */
export const wrapped = (eventType: string, payload: unknown): Buffer =>
  Buffer.from(
    JSON.stringify({
      'oslo.version': '2.0',
      'oslo.message': JSON.stringify({
        message_id: randomUUID(),
        publisher_id: 'identity.host',
        event_type: eventType,
        priority: 'INFO',
        payload,
        timestamp: '2026-11-22 12:00:00.000000',
      }),
    }),
  )

export const projectDeleted = (projectId: string): Buffer =>
  wrapped('identity.project.deleted', { resource_info: projectId })

/** Publishes as Keystone does, and looks into queues. */
export class Publisher {
  readonly #connection: ChannelModel
  readonly #channel: Channel

  private constructor(connection: ChannelModel, channel: Channel) {
    this.#connection = connection
    this.#channel = channel
  }

  /** @param isDurable how this Keystone declares its exchange and its default queue */
  static async open(transportUrl: string, isDurable = false): Promise<Publisher> {
    const connection = await connect(transportUrl.replace(/^rabbit:/, 'amqp:'))
    connection.on('error', () => undefined)
    const channel = await connection.createConfirmChannel()
    channel.on('error', () => undefined)
    await channel.assertExchange(EXCHANGE, 'topic', { durable: isDurable })
    // oslo.messaging makes this queue as well, lest notifications get lost that nobody reads yet.
    await channel.assertQueue(ROUTING_KEY, { durable: isDurable })
    await channel.bindQueue(ROUTING_KEY, EXCHANGE, ROUTING_KEY)
    return new Publisher(connection, channel)
  }

  async publish(...messages: readonly Buffer[]): Promise<void> {
    for (const message of messages) {
      this.#channel.publish(EXCHANGE, ROUTING_KEY, message, { persistent: true })
    }
    await (this.#channel as Channel & { waitForConfirms(): Promise<void> }).waitForConfirms()
  }

  /** Messages that nobody has been given yet; those in somebody's hands do not count. */
  async waiting(queue: string): Promise<number> {
    return (await this.#channel.checkQueue(queue)).messageCount
  }

  async deleteQueue(queue: string): Promise<void> {
    await this.#channel.deleteQueue(queue)
  }

  async close(): Promise<void> {
    await this.#connection.close().catch(() => undefined)
  }
}
