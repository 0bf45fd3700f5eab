import type { KeyObject } from 'node:crypto'
import type { Settings } from '../config/settingsTable.ts'
import type { InheritedSocket } from '../http/listener.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { OpenLog } from '../ops/log.ts'
import type { WorkerReport } from './processes.ts'

/** A server built by `compose.ts`, as `serve` drives it. */
export interface RunningGatehouse {
  /** @returns where it listens, for people to read */
  listen(): Promise<{ readonly addresses: readonly string[] }>
  /** Stops taking requests, finishes those under way for at most this long, closes everything. */
  drain(graceMs: number): Promise<void>
  /** For the parent of several workers. */
  report?(): Promise<WorkerReport>
  /** Where KEK stores are opened by shares. */
  readonly seals?: {
    readonly sealedNames: readonly string[]
    /** @throws StartupRefusal: it stays sealed */
    unseal(store: string, key: KeyObject): Promise<void>
    seal(): void
  }
  /** SIGHUP: opens log files anew, reads policy files, certificates and keyrings again, and settings of KEK stores. */
  reload?(): Promise<void>
}

export type ComposeGatehouse = (
  settings: Settings,
  parts: {
    readonly log: Log & Pick<OpenLog, 'writeLines'>
    readonly clock: Clock
    readonly inherited: readonly InheritedSocket[]
    /** What this release calls itself, for other nodes to see. */
    readonly version: string
    /** Its parent shows what there is to watch, and shares the port with others. */
    readonly isWorker: boolean
    /** The settings as they are now, for SIGHUP. @throws SettingsRefused */
    readonly readSettings: () => Settings
  },
) => Promise<RunningGatehouse>
