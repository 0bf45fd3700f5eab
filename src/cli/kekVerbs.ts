import { placeOf } from '../config/kekStoreKinds.ts'
import type { Settings } from '../config/settingsTable.ts'
import { commitCanary } from '../crypto/deployment.ts'
import type { Database } from '../db/database.ts'
import type {
  CapableKekStore,
  KekFacts,
  KekGeneration,
  KekPromotion,
  KekRetirement,
} from '../domain/ports/kekChanges.ts'
import type { CanaryRow, DeploymentState } from '../domain/ports/keyRepositories.ts'
import type { NodeSeen } from '../domain/ports/nodes.ts'
import { timeBefore } from '../domain/purge.ts'
import { systemClock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { refusingWith } from './exitCodes.ts'
import type { Report } from './jobReport.ts'
import { type JobOptions, runJob, withDatabase } from './jobVerbs.ts'
import { able, kekNamed, kekToPromote, storeNamed } from './kekChoice.ts'
import { nodesThat } from './nodesThat.ts'
import { openKekStore } from './openKekStore.ts'
import type { Asking } from './shareInput.ts'
import type { Surroundings } from './surroundings.ts'

export interface KekOptions {
  /** Who is asked for the shares of a sealed keyring. */
  readonly asking?: Asking
  /** Name of the KEK store. */
  readonly store?: string
  readonly force?: boolean
}

const SIGNAL_MS = 30_000

/** `gatehouse kek generate` */
export async function kekGenerate(settings: Settings, options: KekOptions): Promise<Report> {
  return withStore(settings, options, async ({ kekStore, place }) => {
    const { generate } = able<KekGeneration>(kekStore, 'generate')
    const made = await generate.call(kekStore, AbortSignal.timeout(SIGNAL_MS))
    return said(
      `KEK ${made.id} (${made.fingerprint}) is in ${place}, decrypt-only.`,
      'Keep a copy of it apart from the database, and bring it to every node; a running one takes it up within seconds.',
      'When `gatehouse kek status` shows it on all of them: `gatehouse kek promote`.',
    )
  })
}

/** `gatehouse kek promote`: not before every node that serves holds it, and its canary is committed. */
export async function kekPromote(
  settings: Settings,
  given: string | undefined,
  options: KekOptions,
): Promise<Report> {
  return withStore(settings, options, async ({ kekStore, database, deployment, place }) => {
    const { promote } = able<KekPromotion>(kekStore, 'promote', 'wrapUnder')
    const deploymentId = knownId(deployment)
    const kek = kekToPromote(kekStore, given)
    const lacking = await nodesThat(database, (node) => !holds(node, kekStore.name, kek))
    if (lacking.length > 0 && options.force !== true) {
      return {
        text: [
          `These nodes serve and do not hold KEK ${kek.id}:`,
          ...lacking.map((name) => `  ${name}`),
          'They could not open what is written from now on. Bring the KEK to them first; with --force they will answer 500 for new project keys, raise alarms, and refuse to start.',
        ].join('\n'),
        reason: 'nodes',
      }
    }
    await commitCanary(
      { deployment: database.deployment, clock: systemClock() },
      kekStore as CapableKekStore & KekPromotion,
      kek.id,
      deploymentId,
    )
    await promote.call(kekStore, kek.id, AbortSignal.timeout(SIGNAL_MS))
    return said(
      `KEK ${kek.id} (${kek.fingerprint}) is primary in ${place}.`,
      ...lacking.map((name) => `warning: ${name} does not hold it.`),
      'Bring it to every node as well, then `gatehouse kek rewrap`.',
    )
  })
}

/** `gatehouse kek rewrap` */
export async function kekRewrap(
  settings: Settings,
  options: KekOptions & JobOptions & { readonly dryRun?: boolean },
  surroundings: Surroundings,
): Promise<Report> {
  return withStore(settings, options, async ({ kekStore, database }) => {
    const { name: store } = kekStore
    const { currentKekId: kekId } = kekStore.describe()
    const scope = { verify: 'dek', store, kekId } as const
    const total = await database.rotation.countKeys(scope, 'all')
    const others = (await database.rotation.keysByKek()).filter(
      (it) => it.store === store && it.kekId !== kekId,
    )
    if (options.dryRun === true) {
      const keys = others.reduce((sum, it) => sum + it.keys, 0)
      return said(
        `${keys} of ${total} project keys would be wrapped by KEK ${kekId}. Nothing was changed.`,
      )
    }
    const lagging = await nodesThat(database, (node) => primaryOf(node, store) !== kekId)
    if (lagging.length > 0) {
      return {
        text: [
          `These nodes wrap under another KEK than ${kekId}:`,
          ...lagging.map((name) => `  ${name}`),
          'Bring the changed KEK store to them first: what they make would come back under the old one.',
        ].join('\n'),
        reason: 'nodes',
      }
    }
    return runJob(settings, database, { kind: 'kek-rewrap', scope, total }, options, surroundings)
  })
}

/** `gatehouse kek retire`: it opens nothing any more, and could still be taken back. */
export async function kekRetire(
  settings: Settings,
  given: string,
  options: KekOptions,
): Promise<Report> {
  return withStore(settings, options, async ({ kekStore, database, place }) => {
    const { retire } = able<KekRetirement>(kekStore, 'retire')
    const kek = kekNamed(kekStore, given)
    const refusal = await whyInUse(database, kekStore, kek)
    if (refusal !== undefined) return refusal
    await database.deployment.retireCanary(kekStore.name, kek.id, systemClock().now())
    await retire.call(kekStore, kek.id, AbortSignal.timeout(SIGNAL_MS))
    const days = Math.ceil(settings.rotation.kek_retention / 86_400)
    return said(
      `KEK ${kek.id} (${kek.fingerprint}) is retired in ${place}. Bring that to every node.`,
      `Backups from before its last project key was rewrapped need it; \`gatehouse kek destroy\` takes it after ${days} days.`,
    )
  })
}

/** `gatehouse kek destroy`: after its retention; nothing brings it back but a copy. */
export async function kekDestroy(
  settings: Settings,
  given: string,
  options: KekOptions,
): Promise<Report> {
  return withStore(settings, options, async ({ kekStore, database, deployment, place }) => {
    const { destroy } = able<KekRetirement>(kekStore, 'destroy')
    const kek = kekNamed(kekStore, given)
    const refusal = await whyInUse(database, kekStore, kek)
    if (refusal !== undefined) return refusal
    if (kek.state !== 'retired') {
      return refused(`KEK ${kek.id} is ${kek.state}: \`gatehouse kek retire\` comes first.`)
    }
    const canary = canaryOf(deployment, kekStore.name, kek.id)
    const until = timeBefore(systemClock(), settings.rotation.kek_retention)
    const retiredAt = canary?.retiredAt ?? null
    if (retiredAt !== null && retiredAt > until && options.force !== true) {
      return refused(
        `KEK ${kek.id} was retired at ${retiredAt.slice(0, 19)}, and [rotation] kek_retention has not passed: backups may need it. With --force those that do are lost.`,
      )
    }
    if (!(await database.deployment.removeCanary(kekStore.name, kek.id))) {
      return refused(`Project keys are under KEK ${kek.id}: \`gatehouse kek rewrap\` first.`)
    }
    await destroy.call(kekStore, kek.id, AbortSignal.timeout(SIGNAL_MS))
    return said(
      `KEK ${kek.id} (${kek.fingerprint}) is destroyed in ${place}.`,
      'Bring that to every node, and destroy the copies of it that you kept.',
    )
  })
}

/** @returns undefined: nothing needs it */
async function whyInUse(
  database: Database,
  { name }: CapableKekStore,
  kek: KekFacts,
): Promise<Report | undefined> {
  if (kek.state === 'primary') {
    return refused(`KEK ${kek.id} is primary: promote another one first.`)
  }
  const under = (await database.rotation.keysByKek()).find(
    (it) => it.store === name && it.kekId === kek.id,
  )
  if (under !== undefined) {
    return refused(
      `${under.keys} project keys are under KEK ${kek.id}: \`gatehouse kek rewrap\` first.`,
    )
  }
  const lagging = await nodesThat(database, (node) => primaryOf(node, name) === kek.id)
  if (lagging.length === 0) return undefined
  const text = [
    `These nodes still wrap under KEK ${kek.id}:`,
    ...lagging.map((one) => `  ${one}`),
    'Bring the changed KEK store to them, and `gatehouse kek rewrap` once more.',
  ]
  return { text: text.join('\n'), reason: 'nodes' }
}

interface OpenedStore {
  readonly kekStore: CapableKekStore
  readonly database: Database
  readonly deployment: DeploymentState
  /** Where it is, for people. */
  readonly place: string
}

async function withStore(
  settings: Settings,
  { store, asking }: KekOptions,
  work: (opened: OpenedStore) => Promise<Report>,
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
        const place = `${chosen.name}, ${placeOf(chosen)}`
        return await refusingWith('keys', () => work({ kekStore, database, deployment, place }))
      } finally {
        await kekStore.close()
      }
    },
    'refused',
  )
}

function knownId({ deploymentId }: DeploymentState): string {
  if (deploymentId !== undefined) return deploymentId
  throw new StartupRefusal('This deployment has never served: there is nothing to promote for.')
}

function canaryOf(deployment: DeploymentState, store: string, id: string): CanaryRow | undefined {
  return deployment.canaries.find((it) => it.store === store && it.wrapped.kekId === id)
}

function holds(node: NodeSeen, store: string, { id, fingerprint }: KekFacts): boolean {
  return node.keks.some(
    (kek) =>
      kek.store === store &&
      kek.id === id &&
      kek.fingerprint === fingerprint &&
      kek.state !== 'retired',
  )
}

function primaryOf(node: NodeSeen, store: string): string | undefined {
  return node.keks.find((kek) => kek.store === store && kek.state === 'primary')?.id
}

function said(...lines: readonly string[]): Report {
  return { text: lines.join('\n'), reason: 'done' }
}

function refused(text: string): Report {
  return { text, reason: 'refused' }
}
