import { setTimeout } from 'node:timers/promises'
import type { KnownKek } from '../../../domain/ports/kekChanges.ts'
import type { Clock } from '../../../lib/clock.ts'
import { StartupRefusal } from '../../../lib/startupRefusal.ts'
import type { KeyringEvent } from '../../keyringEvent.ts'
import type { KeptKekStore } from '../keptKekStore.ts'
import type { SecretReader } from '../protection.ts'
import { HsmConnection } from './hsmConnection.ts'
import type { HsmOpened, LibraryRequest, TokenChoice } from './hsmMessages.ts'
import { HsmLost } from './hsmProcess.ts'
import { pkcs11KekStore } from './pkcs11KekStore.ts'

export interface Pkcs11Request extends LibraryRequest {
  readonly name: string
  readonly token: TokenChoice
  /** The wanted one first. */
  readonly labels: readonly string[]
  readonly known: readonly KnownKek[]
  readonly mechanism: string
  readonly maxSessions: number
  readonly isReadWrite: boolean
  readonly environment: Readonly<Record<string, string>>
  readonly readPin: SecretReader
  readonly timeoutMs: number
  /** How long a start waits for a token that is not there. */
  readonly patienceMs: number
  readonly clock: Clock
  /** Somebody put the PIN right and wants it to be tried once, whatever the token says. */
  readonly mayTryPin?: boolean
  readonly onEvent?: ((event: KeyringEvent) => void) | undefined
  /** The refusal of a start that may succeed later. */
  readonly awayExitCode?: number
}

/** Loading a vendor's library and logging in at an HSM across a network. */
const OPEN_TIMEOUT_MS = 20_000
const BETWEEN_TRIES_MS = 1_000

/** @throws StartupRefusal with one sentence for whatever keeps it from opening */
export async function openPkcs11(request: Pkcs11Request): Promise<KeptKekStore> {
  const { name, clock, patienceMs, awayExitCode, known } = request
  const first: { opened?: HsmOpened } = {}
  const connection = hsmConnection(request, (opened) => refuseOtherKeks(opened, first.opened))
  const endMs = clock.monotonicMs() + patienceMs
  let isAwaited = false
  for (;;) {
    try {
      first.opened = await connection.open()
      return pkcs11KekStore({ name, connection, opened: first.opened, known })
    } catch (cause) {
      if (cause instanceof StartupRefusal) throw cause
      const why = cause instanceof Error ? cause.message : String(cause)
      if (!(cause instanceof HsmLost)) {
        connection.close()
        throw new StartupRefusal(`${name}: ${why}`, { cause })
      }
      if (clock.monotonicMs() + BETWEEN_TRIES_MS > endMs) {
        connection.close()
        throw new StartupRefusal(`${name}: the HSM is away: ${why}`, {
          cause,
          ...(awayExitCode === undefined ? {} : { exitCode: awayExitCode }),
        })
      }
      if (!isAwaited) request.onEvent?.({ kind: 'hsmAwaited', store: name, reason: why })
      isAwaited = true
      await setTimeout(BETWEEN_TRIES_MS)
    }
  }
}

export function hsmConnection(
  request: Pkcs11Request,
  accept: (opened: HsmOpened) => void,
): HsmConnection {
  const { addon, libraryPath, token, labels, mechanism, maxSessions, isReadWrite } = request
  return new HsmConnection({
    open: {
      verb: 'open',
      addon,
      libraryPath,
      token,
      labels,
      mechanism,
      maxSessions,
      isReadWrite,
    },
    readPin: request.readPin,
    environment: {
      ...request.environment,
      // Each call that waits for the HSM holds one of these threads.
      UV_THREADPOOL_SIZE: String(Math.max(4, maxSessions)),
    },
    timeoutMs: request.timeoutMs,
    openTimeoutMs: Math.max(OPEN_TIMEOUT_MS, request.timeoutMs),
    clock: request.clock,
    accept,
    onEvent: (event) =>
      request.onEvent?.(
        event === 'opened'
          ? { kind: 'hsmOpened', store: request.name }
          : { kind: 'hsmLost', store: request.name, reason: event.lost },
      ),
    isPinProven: request.mayTryPin ?? false,
  })
}

/** The token that came back is not the one that went, or somebody removed a KEK. */
function refuseOtherKeks({ keks }: HsmOpened, before: HsmOpened | undefined): void {
  const missing = before?.keks.filter(({ id }) => keks.every((kek) => kek.id !== id)) ?? []
  if (missing.length === 0) return
  const names = missing.map(({ label, fingerprint }) => `${label} (${fingerprint})`)
  throw new Error(`The token has no longer the KEK ${names.join(', ')}.`)
}
