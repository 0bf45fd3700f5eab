import { parseTransportUrl } from '../../config/transportUrl.ts'
import { brokerTls } from '../brokerOfSettings.ts'
import { codeOf } from './codeOf.ts'
import { type Check, error, type Finding, fine } from './finding.ts'

const CONNECT_MS = 5_000

/** The message broker that tells of deleted projects, where it is asked. */
export const brokerCheck: Check = {
  name: 'messages',
  async look({ settings }) {
    const { keystone_notifications: options, oslo_messaging_notifications: messaging } = settings
    if (!options.enable) return [fine('nobody listens: [keystone_notifications] enable is off')]
    const transport = parseTransportUrl(messaging.transport_url ?? '')
    if (transport === undefined) return []
    const { reachBroker } = await import('../../messaging/brokerConnection.ts')
    const findings: Finding[] = []
    for (const broker of transport.brokers) {
      const place = `${broker.host}:${broker.port ?? 'default port'}`
      try {
        await reachBroker(broker, {
          tls: brokerTls(settings, transport),
          virtualHost: transport.virtualHost,
          connectMs: CONNECT_MS,
          heartbeatSeconds: 30,
        })
        findings.push(fine(`the broker ${place} takes our login`))
      } catch (cause) {
        findings.push(
          error(
            `The broker ${place} cannot be used: ${codeOf(cause)}`,
            'Correct [oslo_messaging_notifications] transport_url, or mend the broker; deletions wait there meanwhile.',
          ),
        )
      }
    }
    return findings
  },
}
