import type { KekStoreKind } from '../config/kekStoreKinds.ts'
import { placeOf } from '../config/kekStoreKinds.ts'
import type { Settings } from '../config/settingsTable.ts'
import type { Database } from '../db/database.ts'
import type { CapableKekStore } from '../domain/ports/kekChanges.ts'
import type { DeploymentState } from '../domain/ports/keyRepositories.ts'
import type { NodeSeen } from '../domain/ports/nodes.ts'
import { systemClock } from '../lib/clock.ts'
import { refusingWith } from './exitCodes.ts'
import type { Report } from './jobReport.ts'
import { withDatabase } from './jobVerbs.ts'
import { storeNamed } from './kekChoice.ts'
import { openKekStore } from './openKekStore.ts'
import type { Asking } from './shareInput.ts'

export interface KekOptions {
  /** Who is asked for the shares of a sealed keyring. */
  readonly asking?: Asking
  /** Name of the KEK store. */
  readonly store?: string
  readonly force?: boolean
}

/** Of one call of a KEK store. */
export const KEK_CALL_MS = 30_000

export interface KekStoreInHand {
  readonly kind: KekStoreKind
  readonly kekStore: CapableKekStore
  readonly database: Database
  readonly deployment: DeploymentState
  /** Where it is, for people. */
  readonly place: string
}

/** The KEK store that is meant, opened for one verb. */
export async function withStore(
  settings: Settings,
  { store, asking }: KekOptions,
  work: (opened: KekStoreInHand) => Promise<Report>,
): Promise<Report> {
  const chosen = storeNamed(settings, store)
  return withDatabase(
    settings,
    async (database) => {
      const deployment = await database.deployment.read()
      const clock = systemClock()
      const around = { deployment, mayCreate: false, clock, ...(asking && { asking }) }
      const kekStore = await refusingWith('keys', () => openKekStore(chosen, around))
      try {
        const { kind } = chosen
        const place = `${chosen.name}, ${placeOf(chosen)}`
        return await refusingWith('keys', () =>
          work({ kind, kekStore, database, deployment, place }),
        )
      } finally {
        await kekStore.close()
      }
    },
    'refused',
  )
}

export function primaryOf(node: NodeSeen, store: string): string | undefined {
  return node.keks.find((kek) => kek.store === store && kek.state === 'primary')?.id
}

export function said(...lines: readonly string[]): Report {
  return { text: lines.join('\n'), reason: 'done' }
}

export function refused(text: string): Report {
  return { text, reason: 'refused' }
}

/** Because of these nodes. */
export function refusedFor(what: string, nodes: readonly string[], instead: string): Report {
  return { text: [what, ...nodes.map((name) => `  ${name}`), instead].join('\n'), reason: 'nodes' }
}
