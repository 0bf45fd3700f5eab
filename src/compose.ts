import { databaseOfSettings } from './cli/databaseOfSettings.ts'
import { disablePaths, doorOptions, rateLimitsOfSettings } from './cli/doorOfSettings.ts'
import { refusingWith } from './cli/exitCodes.ts'
import { projectKeyLimits } from './cli/keyringOfSettings.ts'
import { openKekStores } from './cli/openKekStores.ts'
import type { WorkerReport } from './cli/processes.ts'
import { storePlanOfSettings } from './cli/storePlanOfSettings.ts'
import { composeApi } from './compose/api.ts'
import { composeAuthenticator } from './compose/authenticator.ts'
import { composeDeletions } from './compose/deletions.ts'
import { composeHousekeeping } from './compose/housekeeping.ts'
import { composeJobs } from './compose/jobs.ts'
import { composeListener } from './compose/listener.ts'
import { composePolicy } from './compose/policy.ts'
import { composeUnsealing, Seals } from './compose/seals.ts'
import { composeWatch } from './compose/watch.ts'
import type { Settings } from './config/settingsTable.ts'
import { ChildKeyPairMaker, type OpenSslChoice } from './crypto/childKeyPairMaker.ts'
import { establishDeployment } from './crypto/deployment.ts'
import { openDatabase } from './db/database.ts'
import { synchronizeStores } from './domain/synchronizeStores.ts'
import type { InheritedSocket } from './http/listener.ts'
import { RateLimits } from './http/rateLimits.ts'
import { UnreadAnswers } from './http/unreadAnswers.ts'
import type { Clock } from './lib/clock.ts'
import type { Log } from './lib/log.ts'
import { Opened } from './lib/opened.ts'
import { waitFor } from './lib/waitFor.ts'
import { AdminListener } from './ops/adminListener.ts'
import { DisableFile } from './ops/disableFile.ts'
import { LoopLoad } from './ops/loadMeter.ts'
import type { OpenLog } from './ops/log.ts'
import { ProcProcessMarks } from './ops/processMarks.ts'
import { Readiness } from './ops/readiness.ts'

interface Surrounding {
  readonly log: Log & Pick<OpenLog, 'writeLines'>
  readonly clock: Clock
  /** Sockets that came with the process. */
  readonly inherited?: readonly InheritedSocket[]
  /** What this release calls itself, for other nodes to see. */
  readonly version?: string
  /** One of several: its parent shows what there is to watch. */
  readonly isWorker?: boolean
  /** The settings as they are now, for SIGHUP. @throws SettingsRefused */
  readonly readSettings?: () => Settings
  /** For processes that are given nothing else. */
  readonly openSsl?: OpenSslChoice
}

export interface Gatehouse {
  /** @returns where it listens, for people to read */
  listen(): Promise<{ readonly addresses: readonly string[] }>
  /** Stops taking requests, finishes those under way for at most this long, closes everything. */
  drain(graceMs: number): Promise<void>
  readonly seals: Seals
  /** What the parent of several workers shows of each. */
  report(): Promise<WorkerReport>
  /** SIGHUP: opens log files anew, reads policy files, certificates and keyrings again, and settings of KEK stores. */
  reload(): Promise<void>
}

/** Builds the whole server, by hand. @throws StartupRefusal */
export async function compose(settings: Settings, around: Surrounding): Promise<Gatehouse> {
  const opened = new Opened()
  try {
    return await composeAll(settings, around, opened)
  } catch (error) {
    await opened.closeAll()
    throw error
  }
}

async function composeAll(
  settings: Settings,
  around: Surrounding,
  opened: Opened,
): Promise<Gatehouse> {
  const { log, clock, inherited = [], isWorker = false, openSsl, version = 'unknown' } = around
  const watch = opened.keep(await composeWatch(settings, { log, clock }), (it) => it.close())
  const database = opened.keep(
    await openDatabase({
      ...databaseOfSettings(settings),
      clock,
      onEvent: watch.onDatabaseEvent,
    }),
    (it) => it.close(),
  )
  watch.watchDatabase(database.gauges)
  const kekStores = await refusingWith('keys', () =>
    openKekStores(settings, database, { clock, onEvent: watch.onKeyringEvent }, opened),
  )
  const { deploymentId } = await refusingWith('keys', () =>
    establishDeployment({ deployment: database.deployment, kekStores, clock }),
  )
  const storePlan = storePlanOfSettings(settings)
  await refusingWith('settings', () =>
    synchronizeStores({ plan: storePlan, stores: database.secretStores, clock }),
  )
  const authenticator = opened.keep(
    await composeAuthenticator({ settings, deploymentId, clock, log, metrics: watch.metrics }),
    (it) => it.close(),
  )
  const { policy, follower } = await refusingWith('settings', () =>
    composePolicy(settings, watch, log),
  )
  opened.keep(follower, (it) => it.stop())

  const transport = await refusingWith('settings', () =>
    composeListener(settings, { log, clock, metrics: watch.metrics, inherited, isWorker }),
  )
  const { listener } = opened.keep(transport, (it) => it.stop())
  const keyPairs = opened.keep(new ChildKeyPairMaker({ ...(openSsl && { openSsl }) }), (it) =>
    it.stop(),
  )
  const processes = new ProcProcessMarks()
  const seals = new Seals({
    kekStores,
    deployment: database.deployment,
    deploymentId,
    clock,
    log,
    metrics: watch.metrics,
    forgetAllKeys: () => api.forgetAllKeys(),
    storeIsBack: (name) => api.storeIsBack(name),
  })
  const api = composeApi({
    database,
    kekStores,
    storePlan,
    deploymentId,
    authenticator,
    policy,
    alarms: watch.alarms,
    clock,
    projectKeyLimits: projectKeyLimits(settings),
    onKeyringEvent: watch.onKeyringEvent,
    keyPairs,
    processes,
    onOrderEvent: watch.onOrderEvent,
    door: {
      observer: watch.requests,
      healthSwitch: new DisableFile(disablePaths(settings), () => clock.monotonicMs()),
      ...(settings.healthcheck.with_readiness && {
        isReady: async () => (await readiness.report()).ready,
      }),
      maxBodyBytes: Math.min(
        settings.DEFAULT.max_allowed_request_size_in_bytes,
        settings.oslo_middleware.max_request_body_size || Number.POSITIVE_INFINITY,
      ),
      isOverloaded: () => watch.loopDelay.isOverloaded(),
      workload: {
        most: settings.gatehouse.max_requests_at_once,
        waiting: () => listener.waitingRequests,
        onShed: (why) => watch.pressure.shed(why),
      },
      rateLimits: RateLimits.of({
        ...rateLimitsOfSettings(settings),
        monotonicMs: () => clock.monotonicMs(),
        onLimited: (request) => watch.pressure.limited(request),
      }),
      unreadAnswers: new UnreadAnswers({
        mostMs: settings.gatehouse.answer_timeout * 1000,
        onCut: (remoteAddress) => watch.pressure.unread(remoteAddress),
      }),
      isSealed: () => seals.isSealed,
      isDraining: () => listener.isDraining,
      ...(transport.onClearText && { onClearText: transport.onClearText }),
    },
    ...doorOptions(settings, transport.proxyWords),
  })
  const { app, orderWorker, purges, certificateWatch, forgetKeys } = api
  opened.keep(orderWorker, (it) => it.stop())
  const { leases } = database
  const housekeeping = opened.keep(
    composeHousekeeping(settings, {
      ...{ leases, purges, certificateWatch, watch, clock, log, wait: waitFor },
    }),
    (it) => it.stop(),
  )
  const deletions = await refusingWith('settings', () =>
    composeDeletions({
      ...{ settings, database, deploymentId, forgetKeys, processes, clock, watch },
      wait: waitFor,
    }),
  )
  opened.keep(deletions, (it) => it.stop())
  const jobs = opened.keep(
    composeJobs({
      settings,
      database,
      api,
      kekStores,
      deploymentId,
      onKeyringEvent: watch.onKeyringEvent,
      ...(around.readSettings && { readSettings: around.readSettings }),
      release: version,
      load: new LoopLoad(watch.loopDelay),
      processes,
      clock,
      watch: watch.jobs,
      log,
      wait: waitFor,
    }),
    (it) => it.stop(),
  )
  const readiness = new Readiness({
    probes: [
      { name: 'database', isRequired: true, check: (signal) => database.health.check(signal) },
      // Cached project keys go on working without it, and so does this node.
      ...kekStores.map((kekStore) => ({
        name: kekStores.length === 1 ? 'kek store' : `kek store ${kekStore.name}`,
        isRequired: false,
        check: (signal: AbortSignal) => kekStore.health(signal),
      })),
      { name: 'identity', isRequired: false, check: (signal) => authenticator.health(signal) },
      ...deletions.probes,
      ...seals.probes,
    ],
    monotonicMs: () => clock.monotonicMs(),
    isDraining: () => listener.isDraining,
  })
  const admin =
    settings.admin.enabled && !isWorker
      ? new AdminListener({
          bindHost: settings.admin.bind_host,
          bindPort: settings.admin.bind_port,
          metrics: watch.metrics,
          readiness,
        })
      : undefined

  const unsealing = isWorker
    ? undefined
    : composeUnsealing({
        settings,
        log,
        monotonicMs: () => clock.monotonicMs(),
        isSealed: (name) => seals.sealedNames.includes(name),
        unseal: (name, key) => seals.unseal(name, key),
        seal: () => seals.seal(),
      })

  return {
    seals,
    async listen() {
      if (unsealing !== undefined) {
        await unsealing.open()
        opened.keep(unsealing, (it) => it.close())
        if (seals.sealedNames.length > 0) {
          const { unseal_socket: socket } = settings.gatehouse
          log.warn({ kekStores: seals.sealedNames.join(' '), socket }, 'sealed: shares are wanted')
        }
      }
      const addresses = [await transport.open(app)]
      if (admin !== undefined) {
        const address = await admin.open()
        opened.keep(admin, (it) => it.close())
        log.info({ address }, 'metrics and readiness')
      }
      follower.start()
      seals.whenOpen(() => {
        if (settings.gatehouse.order_worker) orderWorker.start()
        housekeeping.start()
        jobs.start()
      })
      deletions.start()
      return { addresses }
    },
    async drain(graceMs) {
      // Nobody opens what is about to close.
      await unsealing?.close()
      // Whoever waits for a key pair is answered now; its order waits for the next server.
      await Promise.all([orderWorker.stop(), listener.drain(graceMs)])
      await opened.closeAll()
    },
    async report() {
      const { ready: isReady, checks } = await readiness.report()
      return { metrics: (await watch.metrics.json()).map((one) => ({ ...one })), isReady, checks }
    },
    async reload() {
      watch.reopen()
      await transport.reload()
      await follower.look()
      await jobs.look()
    },
  }
}
