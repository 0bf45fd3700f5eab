import type { ConfigSource } from '../config/configFiles.ts'
import type { LoadedSettings } from '../config/loadSettings.ts'
import { selfTest } from '../crypto/selfTest.ts'
import type { InheritedSocket } from '../http/listener.ts'
import { systemClock } from '../lib/clock.ts'
import { type OpenLog, openLog } from '../ops/log.ts'
import { awaitDatabase } from './awaitDatabase.ts'
import { refuseUnfitSchema } from './dbVerbs.ts'
import { EXIT_CODES, refusingWith } from './exitCodes.ts'
import { logFirstLines } from './firstLines.ts'
import type { ComposeGatehouse, RunningGatehouse } from './gatehouse.ts'
import { inheritedSockets } from './inheritedSockets.ts'
import { logOptions } from './logOptions.ts'
import { primitivesOfSettings } from './primitivesOfSettings.ts'
import type { ParentProcess } from './processes.ts'
import { refusalOf } from './refusalSentence.ts'
import { settingsOfCommand } from './settingsOfCommand.ts'
import { ensureStateFolder } from './stateFolder.ts'
import { stopSignal } from './stopSignal.ts'
import { supervise, workerCountOf } from './supervise.ts'
import type { Surroundings } from './surroundings.ts'
import { welcome } from './welcome.ts'
import { fetchKeys } from './workerSeals.ts'

/** `gatehouse serve`: from settings to a server, or to several under this process, until a signal. @returns the exit code */
export async function serve(
  surroundings: Surroundings,
  sources: readonly ConfigSource[],
  compose: ComposeGatehouse,
): Promise<number> {
  const loaded = settingsOfCommand(surroundings, sources)
  const { settings } = loaded
  ensureStateFolder(settings.DEFAULT.state_path)
  const { parent } = surroundings
  const log = openLog(logOptions(settings, surroundings.err.isTerminal, parent?.number))
  surroundings.onStray((error) => endByBug(error, log, surroundings))
  try {
    if (parent === undefined) logFirstLines(log, loaded, surroundings.version)
    await refusingWith('primitives', () => selfTest(primitivesOfSettings(settings)))
    await awaitDatabase(settings, log)
    await refuseUnfitSchema(settings)
    if (parent === undefined && workerCountOf(settings) > 1) {
      return await supervise(surroundings, loaded, sources, log)
    }
    const inherited = inheritedSockets(surroundings.env, parent?.pid ?? surroundings.pid)
    warnOfUnusedSockets(inherited, settings.DEFAULT.bind_host, log)
    const isWorker = parent !== undefined
    const { version } = surroundings
    const readSettings = () => settingsOfCommand(surroundings, sources).settings
    const around = { log, clock: systemClock(), inherited, version, isWorker, readSettings }
    const gatehouse = await compose(settings, around)
    return await untilSignal(surroundings, gatehouse, log, loaded, sources)
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal.isBug) log.fatal({ error: asError(error) }, 'the start failed')
    throw error
  } finally {
    await log.close()
    parent?.leave()
  }
}

function warnOfUnusedSockets(
  inherited: readonly InheritedSocket[],
  bindHost: string,
  log: OpenLog,
): void {
  if (inherited.length === 0 || /^systemd(:|$)/.test(bindHost)) return
  log.warn({ bindHost }, 'systemd handed over sockets that bind_host does not ask for (systemd)')
}

async function untilSignal(
  surroundings: Surroundings,
  gatehouse: RunningGatehouse,
  log: OpenLog,
  loaded: LoadedSettings,
  sources: readonly ConfigSource[],
): Promise<number> {
  const { settings } = loaded
  const { parent } = surroundings
  const stopped = Promise.race([
    stopSignal(surroundings),
    ...(parent === undefined ? [] : [obey(parent, gatehouse, log)]),
  ])
  surroundings.onSignal('SIGHUP', () => reload(gatehouse, log))
  try {
    if (parent !== undefined && gatehouse.seals !== undefined) {
      await fetchKeys(parent, gatehouse.seals, log)
    }
    const { addresses } = await gatehouse.listen()
    parent?.tell({ type: 'listening', addresses: [...addresses] })
    for (const address of addresses) log.info({ address }, 'listening')
    const isGreeting = surroundings.out.isTerminal || loaded.files.length === 0
    if (isGreeting && parent === undefined) {
      surroundings.out.write(welcome({ settings, addresses, sources, surroundings }))
      const sealed = gatehouse.seals?.sealedNames ?? []
      if (sealed.length > 0) surroundings.out.write(SEALED)
    }
    log.info({ signal: await stopped }, 'stopping: requests under way may finish')
  } finally {
    await gatehouse.drain(settings.DEFAULT.graceful_shutdown_timeout * 1000)
  }
  log.info({}, 'stopped')
  return EXIT_CODES.done.code
}

const SEALED = 'It is sealed: shares are wanted first (gatehouse unseal).\n\n'

/** A worker's parent says when it stops, and asks how it is. @returns what ended it */
function obey(parent: ParentProcess, gatehouse: RunningGatehouse, log: OpenLog): Promise<string> {
  return new Promise((resolve) => {
    parent.onGone(() => resolve('the parent is gone'))
    parent.onWord((word) => {
      if (word.type === 'stop') resolve('the parent')
      else if (word.type === 'reload') reload(gatehouse, log)
      else if (word.type === 'report') {
        const { id } = word
        gatehouse.report?.().then(
          (report) => parent.tell({ type: 'report', id, report }),
          (error: unknown) => log.error({ error: asError(error) }, 'no report could be made'),
        )
      }
    })
  })
}

function reload(gatehouse: RunningGatehouse, log: OpenLog): void {
  log.reopen()
  Promise.resolve(gatehouse.reload?.()).then(
    () =>
      log.info(
        {},
        'reloaded: log files are open anew, policy files, certificates, keyrings and settings of KEK stores were read again',
      ),
    (error: unknown) => log.error({ error: asError(error) }, 'the reload failed'),
  )
}

/** State is unknown after an error nobody waited for: end, and let the supervisor start anew. */
function endByBug(error: unknown, log: OpenLog, surroundings: Surroundings): void {
  log.fatal({ error: asError(error) }, 'an error nobody waited for; the process ends')
  log.flushNow()
  surroundings.exitNow(EXIT_CODES.bug.code)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(`a ${typeof error} was thrown`)
}
