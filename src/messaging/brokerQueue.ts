import type { Channel, ChannelModel } from 'amqplib'

export interface QueueOptions {
  readonly exchange: string
  readonly topic: string
  /** undefined: the queue that is named after the topic, which whoever publishes makes as well. */
  readonly poolName: string | undefined
  /** `amqp_durable_queues` of the cloud: how Keystone declares exchange and queue. */
  readonly isDurable: boolean
  /** `rabbit_quorum_queue` of the cloud. */
  readonly isQuorum: boolean
}

/** Keystone publishes what is of level INFO under this key. */
export function routingKeyOf({ topic }: QueueOptions): string {
  return `${topic}.info`
}

export function queueNameOf(options: QueueOptions): string {
  return options.poolName ?? routingKeyOf(options)
}

/**
 * Makes exchange and queue where they are not, and takes them as they are where they are: a
 * declaration that differs from Keystone's in durability would end the channel, ours or Keystone's.
 */
export async function openQueue(connection: ChannelModel, options: QueueOptions): Promise<Channel> {
  const { exchange, poolName, isQuorum } = options
  const isDurable = options.isDurable || isQuorum
  const queue = queueNameOf(options)
  await ensure(
    connection,
    (channel) => channel.checkExchange(exchange),
    (channel) => channel.assertExchange(exchange, 'topic', { durable: isDurable }),
  )
  await ensure(
    connection,
    (channel) => channel.checkQueue(queue),
    (channel) =>
      channel.assertQueue(queue, {
        // One of our own keeps its events through a restart of the broker, whatever the others do.
        durable: isDurable || poolName !== undefined,
        arguments: isQuorum ? { 'x-queue-type': 'quorum' } : {},
      }),
  )
  const channel = await quietChannel(connection)
  await channel.bindQueue(queue, exchange, routingKeyOf(options))
  return channel
}

const NOT_FOUND = 404

/** A question whose answer is no ends its channel. */
async function ensure(
  connection: ChannelModel,
  look: (channel: Channel) => Promise<unknown>,
  make: (channel: Channel) => Promise<unknown>,
): Promise<void> {
  const channel = await quietChannel(connection)
  try {
    await look(channel)
    await channel.close()
    return
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === NOT_FOUND)) throw error
  }
  const another = await quietChannel(connection)
  await make(another)
  await another.close()
}

/** What ends a channel rejects the call that was under way; as an event alone it would end the process. */
async function quietChannel(connection: ChannelModel): Promise<Channel> {
  const channel = await connection.createChannel()
  channel.on('error', () => undefined)
  return channel
}
