import { brokerTls, isTrue } from '../cli/brokerOfSettings.ts'
import { keystoneConnection } from '../cli/keystoneOfSettings.ts'
import { shredReportingOf } from '../cli/shredReportingOfSettings.ts'
import type { Settings } from '../config/settingsTable.ts'
import { parseTransportUrl } from '../config/transportUrl.ts'
import type { Database } from '../db/database.ts'
import type { ProcessMarks } from '../domain/ports/orderRepositories.ts'
import { ProjectDeletions } from '../domain/projectDeletions.ts'
import { ProjectPoll } from '../domain/projectPoll.ts'
import { ProjectShredding } from '../domain/projectShredding.ts'
import { KeystoneProjects } from '../identity/keystoneProjects.ts'
import type { Clock } from '../lib/clock.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { KeystoneListener } from '../messaging/keystoneListener.ts'
import type { Probe } from '../ops/readiness.ts'
import { ProjectReaper } from '../worker/projectReaper.ts'
import type { DeletionWatch } from './deletionWatch.ts'

interface Parts {
  readonly settings: Settings
  readonly database: Pick<Database, 'deletions' | 'shredReports'>
  readonly deploymentId: string
  readonly forgetKeys: (projectId: ProjectId) => void
  readonly processes: ProcessMarks
  readonly clock: Clock
  readonly watch: { readonly deletions: DeletionWatch }
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
}

interface Deletions {
  readonly probes: readonly Probe[]
  start(): void
  stop(): Promise<void>
}

/** The ends of projects: who hears of them, and who does the work. @throws StartupRefusal */
export async function composeDeletions(parts: Parts): Promise<Deletions> {
  const { settings, database, deploymentId, forgetKeys, processes, clock, watch, wait } = parts
  const { keystone_notifications: options } = settings
  const { onEvent } = watch.deletions
  const own = processes.own
  const directory = directoryOf(parts)
  const deletions = new ProjectDeletions({
    deletions: database.deletions,
    clock,
    graceSeconds: options.grace_period,
    isDryRun: options.dry_run,
    onNoted: () => reaper.wake(),
    onEvent,
  })
  const poll =
    options.poll_interval > 0 && directory !== undefined
      ? new ProjectPoll({
          polls: database.deletions,
          directory,
          deletions,
          owner: own,
          clock,
          intervalSeconds: options.poll_interval,
          projectsPerSecond: options.poll_rate,
          mostMissing: options.poll_most_missing,
          wait,
          onEvent,
        })
      : undefined
  const reaper = new ProjectReaper({
    deletions: database.deletions,
    shredding: new ProjectShredding({
      deletions: database.deletions,
      directory: options.confirm ? directory : undefined,
      forgetKeys,
      owner: own,
      clock,
      onEvent,
    }),
    poll,
    pollEverySeconds: options.poll_interval,
    forgetKeys,
    reporting: shredReportingOf(settings, { database, deploymentId, clock }),
    processes,
    clock,
    wait,
    onEvent,
  })
  const listener = options.enable ? await listenerOf(parts, deletions) : undefined
  if (listener !== undefined) watch.deletions.watchListener(() => listener.isListening)
  return {
    // Whoever reads secrets can do without it, so it never takes a node out.
    probes:
      listener === undefined
        ? []
        : [{ name: 'notifications', isRequired: false, check: () => listener.health() }],
    start() {
      reaper.start()
      listener?.start()
    },
    async stop() {
      await listener?.stop()
      await reaper.stop()
      directory?.close()
    },
  }
}

function directoryOf({ settings, clock, watch }: Parts): KeystoneProjects | undefined {
  const { DEFAULT, keystone_notifications: options } = settings
  const isAsked = options.poll_interval > 0 || options.confirm
  if (DEFAULT.auth_strategy !== 'keystone' || !isAsked) return undefined
  return new KeystoneProjects({
    ...keystoneConnection(settings),
    clock,
    onEvent: watch.deletions.onKeystoneEvent,
  })
}

async function listenerOf(parts: Parts, deletions: ProjectDeletions): Promise<KeystoneListener> {
  const { settings, wait, watch } = parts
  const { keystone_notifications: options, oslo_messaging_notifications: notifications } = settings
  const transport = parseTransportUrl(notifications.transport_url ?? '')
  if (transport === undefined) throw new Error('The settings were to see that there is a broker.')
  // Loaded here alone: nobody else waits for it.
  const { KeystoneListener: Listener } = await import('../messaging/keystoneListener.ts')
  const rabbit = settings.oslo_messaging_rabbit
  return new Listener({
    brokers: transport.brokers,
    virtualHost: transport.virtualHost,
    tls: brokerTls(settings, transport),
    queue: {
      exchange: options.control_exchange,
      topic: options.topic,
      poolName: options.pool_name,
      isDurable: isTrue(transport, 'amqp_durable_queues') ?? rabbit.amqp_durable_queues,
      isQuorum: isTrue(transport, 'rabbit_quorum_queue') ?? rabbit.rabbit_quorum_queue,
    },
    onProjectDeleted: (projectId) => deletions.note(projectId, 'notification'),
    onEvent: watch.deletions.onListenerEvent,
    wait,
  })
}
