import type { ConfigSource } from '../config/configFiles.ts'
import type { LoadedSettings } from '../config/loadSettings.ts'
import type { InheritedSocket } from '../http/listener.ts'
import { systemClock } from '../lib/clock.ts'
import { type OpenLog, openLog } from '../ops/log.ts'
import { awaitDatabase } from './awaitDatabase.ts'
import { refuseUnfitSchema } from './dbVerbs.ts'
import { EXIT_CODES } from './exitCodes.ts'
import { logFirstLines } from './firstLines.ts'
import type { ComposeGatehouse, RunningGatehouse } from './gatehouse.ts'
import { inheritedSockets } from './inheritedSockets.ts'
import { logOptions } from './logOptions.ts'
import { refusalOf } from './refusalSentence.ts'
import { settingsOfCommand } from './settingsOfCommand.ts'
import { ensureStateFolder } from './stateFolder.ts'
import type { Surroundings } from './surroundings.ts'
import { welcome } from './welcome.ts'

const ONE_SIGNAL_MS = 500

/** `gatehouse serve`: from settings to a server, until a signal. @returns the exit code */
export async function serve(
  surroundings: Surroundings,
  sources: readonly ConfigSource[],
  compose: ComposeGatehouse,
): Promise<number> {
  const loaded = settingsOfCommand(surroundings, sources)
  const { settings } = loaded
  ensureStateFolder(settings.DEFAULT.state_path)
  const log = openLog(logOptions(settings, surroundings.err.isTerminal))
  surroundings.onStray((error) => endByBug(error, log, surroundings))
  try {
    logFirstLines(log, loaded, surroundings.version)
    await awaitDatabase(settings, log)
    await refuseUnfitSchema(settings)
    const inherited = inheritedSockets(surroundings.env, surroundings.pid)
    warnOfUnusedSockets(inherited, settings.DEFAULT.bind_host, log)
    const gatehouse = await compose(settings, { log, clock: systemClock(), inherited })
    return await untilSignal(surroundings, gatehouse, log, loaded, sources)
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal.isBug) log.fatal({ error: asError(error) }, 'the start failed')
    throw error
  } finally {
    await log.close()
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
  const stopped = stopSignal(surroundings)
  surroundings.onSignal('SIGHUP', () => reload(gatehouse, log))
  try {
    const { addresses } = await gatehouse.listen()
    for (const address of addresses) log.info({ address }, 'listening')
    if (surroundings.out.isTerminal || loaded.files.length === 0) {
      surroundings.out.write(welcome({ settings, addresses, sources, surroundings }))
    }
    log.info({ signal: await stopped }, 'stopping: requests under way may finish')
  } finally {
    await gatehouse.drain(settings.DEFAULT.graceful_shutdown_timeout * 1000)
  }
  log.info({}, 'stopped')
  return EXIT_CODES.done.code
}

/**
 * The first signal stops, a later one does not wait. One Ctrl-C can arrive several times: from the
 * terminal, from npm, from the Node that started this one; those come together and count once.
 */
function stopSignal(surroundings: Surroundings): Promise<string> {
  return new Promise((resolve) => {
    let stoppingSinceMs: number | undefined
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      surroundings.onSignal(name, () => {
        const nowMs = surroundings.monotonicMs()
        stoppingSinceMs ??= nowMs
        if (nowMs - stoppingSinceMs > ONE_SIGNAL_MS) {
          surroundings.exitNow(EXIT_CODES.interrupted.code)
        }
        resolve(name)
      })
    }
  })
}

function reload(gatehouse: RunningGatehouse, log: OpenLog): void {
  log.reopen()
  Promise.resolve(gatehouse.reload?.()).then(
    () =>
      log.info(
        {},
        'reloaded: log files are open anew, policy files and certificates were read again',
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
