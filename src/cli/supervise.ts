import { availableParallelism } from 'node:os'
import { composeUnsealing } from '../compose/seals.ts'
import type { ConfigSource } from '../config/configFiles.ts'
import type { LoadedSettings } from '../config/loadSettings.ts'
import type { Settings } from '../config/settingsTable.ts'
import { parseDatabaseUrl } from '../db/databaseLocation.ts'
import { removeDeadSocket } from '../http/unixSocket.ts'
import { AdminListener } from '../ops/adminListener.ts'
import type { OpenLog } from '../ops/log.ts'
import { MetricsOfAll, ReadinessOfAll } from '../ops/metricsOfAll.ts'
import { stopSignal } from './stopSignal.ts'
import type { Surroundings } from './surroundings.ts'
import { welcome } from './welcome.ts'
import { KeysForWorkers } from './workerSeals.ts'
import { WorkerRefused, Workers } from './workers.ts'

/** How many processes share the port. */
export function workerCountOf({ DEFAULT: { workers }, database }: Settings): number {
  if (workers !== 'auto') return workers
  return parseDatabaseUrl(database.connection).kind === 'sqlite' ? 1 : availableParallelism()
}

/** The parent of several workers (ADR 0030): it serves nobody but whoever watches. @returns the exit code */
export async function supervise(
  surroundings: Surroundings,
  loaded: LoadedSettings,
  sources: readonly ConfigSource[],
  log: OpenLog,
): Promise<number> {
  const { settings } = loaded
  const { DEFAULT: base, admin: watching } = settings
  const count = workerCountOf(settings)
  const { startWorker: start, monotonicMs } = surroundings
  const keys = new KeysForWorkers()
  const workers = new Workers({ count, start, log, monotonicMs, keys })
  const unsealing = composeUnsealing({
    settings,
    log,
    monotonicMs,
    isSealed: (store) => keys.isSealed(store),
    unseal: (store, key) => keys.unseal(store, key),
    seal: () => keys.seal(),
  })
  let isDraining = false
  const workforce = {
    count,
    reports: () => workers.reports(),
    restarts: () => workers.restarts,
    isDraining: () => isDraining,
  }
  const admin = new AdminListener({
    bindHost: watching.bind_host,
    bindPort: watching.bind_port,
    metrics: new MetricsOfAll(workforce),
    readiness: new ReadinessOfAll(workforce),
  })
  const stopped = stopSignal(surroundings, () => workers.killAll())
  surroundings.onSignal('SIGHUP', () => {
    log.reopen()
    workers.reload()
  })
  // Their ways to it lead through this process: to them it would look alive.
  if (base.bind_host.startsWith('unix:')) {
    await removeDeadSocket(base.bind_host.slice('unix:'.length))
  }
  try {
    if (watching.enabled) log.info({ address: await admin.open() }, 'metrics and readiness')
    if (unsealing !== undefined) {
      await unsealing.open()
      log.warn({ socket: settings.gatehouse.unseal_socket }, 'sealed: shares are wanted')
    }
    const opened = workers.open()
    // Looked at below; a signal may come first.
    opened.catch(() => undefined)
    const first = await Promise.race([opened, stopped])
    if (typeof first !== 'string') {
      for (const address of first) log.info({ address, workers: count }, 'listening')
      if (surroundings.out.isTerminal || loaded.files.length === 0) {
        surroundings.out.write(welcome({ settings, addresses: first, sources, surroundings }))
      }
    }
    log.info({ signal: await stopped }, 'stopping: requests under way may finish')
    isDraining = true
    const code = await workers.stop(base.graceful_shutdown_timeout * 1000)
    log.info({}, 'stopped')
    return code
  } catch (error) {
    if (error instanceof WorkerRefused) return error.exitCode
    throw error
  } finally {
    workers.killAll()
    await unsealing?.close()
    await admin.close()
  }
}
