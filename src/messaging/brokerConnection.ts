import { type Channel, type ChannelModel, connect } from 'amqplib'

export interface Broker {
  readonly host: string
  readonly port: number | undefined
  readonly username: string | undefined
  readonly password: string | undefined
}

export interface BrokerTls {
  readonly ca: string
  readonly cert?: string
  readonly key?: string
}

export interface BrokerWay {
  /** Asked for every connection, so that renewed files are taken up; undefined: in clear. */
  readonly tls: (() => BrokerTls) | undefined
  readonly virtualHost: string
  readonly connectMs: number
  readonly heartbeatSeconds: number
}

export async function connectBroker(
  { host, port, username, password }: Broker,
  { tls, virtualHost, connectMs, heartbeatSeconds }: BrokerWay,
): Promise<ChannelModel> {
  return connect(
    {
      protocol: tls === undefined ? 'amqp' : 'amqps',
      hostname: host,
      ...(port === undefined ? {} : { port }),
      username: username ?? 'guest',
      password: password ?? 'guest',
      // amqplib takes it as it stands in an address.
      vhost: encodeURIComponent(virtualHost),
      heartbeat: heartbeatSeconds,
    },
    {
      timeout: connectMs,
      keepAlive: true,
      clientProperties: { connection_name: 'gatehouse' },
      ...tls?.(),
    },
  )
}

/**
 * A broker that does not answer must not hold up the end.
 * @param channel is closed before: a quorum queue may forget an acknowledgement whose connection closes behind it
 */
export async function closeBroker(
  connection: ChannelModel,
  patienceMs: number,
  channel?: Channel,
): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, Math.min(patienceMs, 2_000))
  await Promise.race([close(connection, channel), late])
  clearTimeout(timer)
}

async function close(connection: ChannelModel, channel: Channel | undefined): Promise<void> {
  for (const one of [channel, connection]) {
    try {
      await one?.close()
    } catch {
      // It is closed already where it was lost.
    }
  }
}

/** Logs in, and leaves again: nothing is declared and nothing taken. @throws what the driver throws */
export async function reachBroker(broker: Broker, way: BrokerWay): Promise<void> {
  const connection = await connectBroker(broker, way)
  connection.on('error', () => undefined)
  await closeBroker(connection, way.connectMs)
}
