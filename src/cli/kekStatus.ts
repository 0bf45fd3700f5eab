import { type KekStoreSettings, placeOf } from '../config/kekStoreKinds.ts'
import type { Settings } from '../config/settingsTable.ts'
import { isSealed } from '../crypto/kek/sealableKeyring.ts'
import type { KekDescription } from '../domain/ports/crypto.ts'
import type { DeploymentState } from '../domain/ports/keyRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { deploymentState } from './deploymentState.ts'
import { type ExitReason, refusingWith } from './exitCodes.ts'
import { notMadeYet, openKekStore } from './openKekStore.ts'
import type { Asking } from './shareInput.ts'
import { tableLines } from './tableLines.ts'

interface Report {
  readonly text: string
  readonly reason: ExitReason
}

/**
 * `gatehouse kek status`: what the KEK stores hold, and whether they are those this database needs.
 * @param asking for the shares of a sealed one; without it is told what its file says
 */
export async function kekStatus(settings: Settings, asking?: Asking): Promise<Report> {
  const clock = systemClock()
  const deployment = await deploymentState(settings, clock)
  const reports: Report[] = []
  for (const store of settings.kekStores) {
    reports.push(await storeReport(store, deployment, clock, asking))
  }
  const id = deployment?.deploymentId ?? 'none yet: the first `gatehouse serve` makes it'
  const missing = missingStores(settings, deployment)
  return {
    text: [...reports.map(({ text }) => text), `deployment  ${id}`, ...missing].join('\n\n'),
    reason: [
      ...reports.map(({ reason }) => reason),
      ...missing.map(() => 'keys' as const),
    ].includes('keys')
      ? 'keys'
      : 'done',
  }
}

async function storeReport(
  settings: KekStoreSettings,
  deployment: DeploymentState | undefined,
  clock: Clock,
  asking: Asking | undefined,
): Promise<Report> {
  const { name } = settings
  const isKnown =
    fingerprintsOf(name, deployment).length > 0 || deployment?.storesInUse.includes(name) === true
  const notYet = isKnown ? undefined : notMadeYet(settings)
  if (notYet !== undefined) return { text: notYet, reason: 'done' }
  const kekStore = await refusingWith('keys', () =>
    openKekStore(settings, {
      deployment,
      mayCreate: false,
      clock,
      ...(asking === undefined ? {} : { asking }),
    }),
  )
  try {
    const description = kekStore.describe()
    const missing = missingFingerprints(name, description, deployment)
    const lines = [
      `store       ${name} (${description.kind}), ${placeOf(settings)}`,
      `protection  ${description.protection}`,
      '',
      ...keyLines(description),
      ...(isSealed(kekStore)
        ? [
            '',
            'Not opened: this is what the first line of the file says of its keys (--open asks for shares).',
          ]
        : []),
    ]
    if (missing.length === 0) return { text: lines.join('\n'), reason: 'done' }
    lines.push(
      '',
      `The database needs ${missing.join(', ')}, which this ${description.kind} does not hold.`,
    )
    return { text: lines.join('\n'), reason: 'keys' }
  } finally {
    await kekStore.close()
  }
}

function keyLines({ keks, currentKekId }: KekDescription): readonly string[] {
  const rows = [
    ['state', 'fingerprint', 'made', 'id'],
    ...keks.map(({ state, fingerprint, createdAt, id }) => [
      state,
      fingerprint,
      createdAt,
      id === currentKekId ? `${id} (wraps new keys)` : id,
    ]),
  ]
  return tableLines(rows)
}

function missingFingerprints(
  store: string,
  { keks }: KekDescription,
  deployment: DeploymentState | undefined,
): readonly string[] {
  const held = new Set(keks.map(({ fingerprint }) => fingerprint))
  return fingerprintsOf(store, deployment).filter((fingerprint) => !held.has(fingerprint))
}

function missingStores(
  { kekStores }: Settings,
  deployment: DeploymentState | undefined,
): readonly string[] {
  const inUse = deployment?.storesInUse ?? []
  return inUse
    .filter((name) => kekStores.every((store) => store.name !== name))
    .map((name) => {
      const fingerprints = fingerprintsOf(name, deployment).join(', ') || 'unknown'
      return `The database needs the KEK store ${name} (${fingerprints}), which is not configured.`
    })
}

function fingerprintsOf(store: string, deployment: DeploymentState | undefined): readonly string[] {
  const canaries = deployment?.canaries ?? []
  return canaries.filter((canary) => canary.store === store).map(({ fingerprint }) => fingerprint)
}
