import { type KekStoreSettings, placeOf } from '../config/kekStoreKinds.ts'
import type { Settings } from '../config/settingsTable.ts'
import { isSealed } from '../crypto/kek/sealableKeyring.ts'
import { SqlNodeRepository } from '../db/nodeRepository.ts'
import { keysByKek } from '../db/rotationRepository.ts'
import type { KekDescription } from '../domain/ports/crypto.ts'
import type { DeploymentState } from '../domain/ports/keyRepositories.ts'
import type { NodeSeen } from '../domain/ports/nodes.ts'
import type { KeysOfKek } from '../domain/ports/rotation.ts'
import type { Clock } from '../lib/clock.ts'
import { systemClock } from '../lib/clock.ts'
import { ProcProcessMarks } from '../ops/processMarks.ts'
import { type BoundStore, boundStores } from './boundStores.ts'
import { deploymentState } from './deploymentState.ts'
import { type ExitReason, refusingWith } from './exitCodes.ts'
import { lookInto } from './lookInto.ts'
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
  const use = deployment === undefined ? NOTHING_IN_USE : await kekUse(settings, clock)
  const reports: Report[] = []
  for (const store of settings.kekStores) {
    reports.push(await storeReport(store, deployment, use, clock, asking))
  }
  const id = deployment?.deploymentId ?? 'none yet: the first `gatehouse serve` makes it'
  const missing = missingStores(settings, deployment)
  const texts = reports.map(({ text }) => text)
  return {
    text: [...texts, ...use.bound.map(boundLines), `deployment  ${id}`, ...missing].join('\n\n'),
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
  use: KekUse,
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
      ...keyLines(name, description, deployment, use),
      ...(isSealed(kekStore)
        ? [
            '',
            'Not opened: this is what the first line of the file says of its keys (--open asks for shares).',
          ]
        : []),
      ...nodeLines(name, description, use),
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

/** Who uses which KEK. */
interface KekUse {
  readonly keys: readonly KeysOfKek[]
  /** Those known to be dead are left out. */
  readonly nodes: readonly NodeSeen[]
  readonly bound: readonly BoundStore[]
}

const NOTHING_IN_USE: KekUse = { keys: [], nodes: [], bound: [] }

async function kekUse(settings: Settings, clock: Clock): Promise<KekUse> {
  const processes = new ProcProcessMarks()
  return refusingWith('database', () =>
    lookInto(settings.database.connection, clock, async (glass) => ({
      keys: await keysByKek(glass.reads),
      nodes: (await new SqlNodeRepository(glass).all()).filter(({ id }) => !processes.isDead(id)),
      bound: await boundStores(settings, glass.reads),
    })),
  )
}

/** Whose a store is, and who of them is not all there yet. */
function boundLines({ suffix, kekStore, owners, here, elsewhere, strangers }: BoundStore): string {
  return [
    `bound       ${suffix} (${kekStore}) to ${owners}; ${here} projects have keys there`,
    ...elsewhere.map(({ projectId, stores }) => {
      const others = stores.filter((name) => name !== kekStore).join(', ')
      return `  not moved: project ${projectId} has keys in ${others}: \`gatehouse project move ${projectId} --to ${suffix}\``
    }),
    ...strangers.map(({ projectId }) => `  of others: project ${projectId} has keys there`),
  ].join('\n')
}

function keyLines(
  store: string,
  { keks, currentKekId }: KekDescription,
  deployment: DeploymentState | undefined,
  { keys, nodes }: KekUse,
): readonly string[] {
  return tableLines([
    ['state', 'fingerprint', 'made', 'project keys', 'nodes', 'canary', 'id'],
    ...keks.map(({ state, fingerprint, createdAt, id }) => {
      const under = keys.find((it) => it.store === store && it.kekId === id)?.keys ?? 0
      const holders = nodes.filter((node) => holds(node, store, id)).length
      const canary = deployment?.canaries.find(
        (it) => it.store === store && it.wrapped.kekId === id,
      )
      const retiredAt = canary?.retiredAt ?? null
      return [
        state,
        fingerprint,
        createdAt,
        String(under),
        `${holders} of ${nodes.length}`,
        canary === undefined
          ? 'no'
          : retiredAt === null
            ? 'yes'
            : `retired ${retiredAt.slice(0, 19)}`,
        id === currentKekId ? `${id} (wraps new keys)` : id,
      ]
    }),
  ])
}

/** Nodes that hold another set of KEKs than this one: what an operator has to bring them. */
function nodeLines(store: string, { keks }: KekDescription, { nodes }: KekUse): readonly string[] {
  const lines = nodes.flatMap((node) => {
    const missing = keks.filter(({ id, state }) => state !== 'retired' && !holds(node, store, id))
    const primary = node.keks.find((kek) => kek.store === store && kek.state === 'primary')?.id
    const isBehind = keks.some(({ id, state }) => state === 'primary' && id !== primary)
    if (missing.length === 0 && !isBehind) return []
    const lacks = missing.length === 0 ? '' : `, lacks ${missing.map(({ id }) => id).join(', ')}`
    return [`  ${node.name} (${node.release}): wraps under ${primary ?? 'none'}${lacks}`]
  })
  return lines.length === 0 ? [] : ['', 'Nodes that hold other KEKs than this file:', ...lines]
}

function holds(node: NodeSeen, store: string, kekId: string): boolean {
  return node.keks.some((kek) => kek.store === store && kek.id === kekId)
}

function missingFingerprints(
  store: string,
  { keks }: KekDescription,
  deployment: DeploymentState | undefined,
): readonly string[] {
  const held = new Set(keks.map(({ fingerprint }) => fingerprint))
  // What was retired may be gone.
  const inUse = deployment?.canaries.filter((it) => (it.retiredAt ?? null) === null) ?? []
  return fingerprintsOf(store, { canaries: inUse }).filter((it) => !held.has(it))
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

function fingerprintsOf(
  store: string,
  deployment: Pick<DeploymentState, 'canaries'> | undefined,
): readonly string[] {
  const canaries = deployment?.canaries ?? []
  return canaries.filter((canary) => canary.store === store).map(({ fingerprint }) => fingerprint)
}
