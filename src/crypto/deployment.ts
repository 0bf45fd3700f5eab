import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { KekDescription, KekStore, WrapsUnderAny } from '../domain/ports/crypto.ts'
import type {
  CanaryRow,
  DeploymentRepository,
  DeploymentState,
} from '../domain/ports/keyRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { canaryContext } from './associatedData.ts'
import { withDeadline } from './deadline.ts'
import { isSealed } from './kek/sealableKeyring.ts'

export interface DeploymentParts {
  readonly deployment: DeploymentRepository
  /** All of them: a canary for each, and none missing that a project key needs. */
  readonly kekStores: readonly KekStore[]
  readonly clock: Clock
  readonly random?: (bytes: number) => Buffer
}

const DEPLOYMENT_ID_BYTES = 16
const KEK_TIMEOUT_MS = 10_000

/**
 * Finds out whether this database and these KEK stores belong together, or makes them so: each store
 * while no project key names it. Ten nodes may do this at once. A sealed store is judged by the
 * fingerprints that it describes; `proveKekStore` does the rest when it is opened.
 * @throws StartupRefusal when they do not belong together, or something is missing
 */
export async function establishDeployment(
  parts: DeploymentParts,
): Promise<{ readonly deploymentId: string }> {
  const deploymentId = await establishId(parts)
  await establishCanaries(parts, deploymentId)
  return { deploymentId }
}

async function establishId({
  deployment,
  clock,
  random = randomBytes,
}: DeploymentParts): Promise<string> {
  const { deploymentId, canaries, storesInUse } = await deployment.read()
  if (deploymentId !== undefined) return deploymentId
  if (storesInUse.length > 0 || canaries.length > 0) throw idIsMissing()
  const established = await deployment.establish(
    random(DEPLOYMENT_ID_BYTES).toString('hex'),
    clock.now(),
  )
  if (established === 'holdsProjectKeys') throw idIsMissing()
  return established
}

function idIsMissing(): StartupRefusal {
  return new StartupRefusal(
    'The database holds keys but its deployment id is gone, and everything sealed is bound to that id: restore the row from a backup.',
  )
}

async function establishCanaries(parts: DeploymentParts, deploymentId: string): Promise<void> {
  const { deployment, kekStores } = parts
  const before = await deployment.read()
  refuseMissingStores(before, kekStores)
  for (const kekStore of kekStores) {
    if (isSealed(kekStore)) refuseUnknownKeks(canariesOf(before, kekStore), kekStore)
  }
  const open = kekStores.filter((kekStore) => !isSealed(kekStore))
  await establishCanariesOf(parts, before, open, deploymentId)
}

/** The same for one store that was sealed. @throws StartupRefusal */
export async function proveKekStore(
  parts: Pick<DeploymentParts, 'deployment' | 'clock'>,
  kekStore: KekStore,
  deploymentId: string,
): Promise<void> {
  await establishCanariesOf(parts, await parts.deployment.read(), [kekStore], deploymentId)
}

async function establishCanariesOf(
  parts: Pick<DeploymentParts, 'deployment' | 'clock'>,
  before: DeploymentState,
  kekStores: readonly KekStore[],
  deploymentId: string,
): Promise<void> {
  const { deployment } = parts
  // All are judged before anything is written for one.
  const without = kekStores.filter((kekStore) => mayAddCanary(before, kekStore))
  for (const kekStore of without) await addCanary(parts, kekStore, deploymentId)
  // What is in force is what the database says now: another node may have been faster.
  const { canaries } = await deployment.read()
  for (const kekStore of kekStores) {
    for (const canary of canaries) await refuseWrongCanary(canary, kekStore, deploymentId)
  }
}

function canariesOf({ canaries }: DeploymentState, { name }: KekStore): readonly CanaryRow[] {
  return canaries.filter((canary) => canary.store === name)
}

async function addCanary(
  { deployment, clock }: Pick<DeploymentParts, 'deployment' | 'clock'>,
  kekStore: KekStore,
  deploymentId: string,
): Promise<void> {
  const wrapped = await ask(kekStore, (signal) =>
    kekStore.wrap(canaryOf(deploymentId), canaryContext(deploymentId, kekStore.name), signal),
  )
  const { keks } = kekStore.describe()
  const fingerprint = keks.find((kek) => kek.id === wrapped.kekId)?.fingerprint ?? 'unknown'
  await deployment.addCanary({
    store: kekStore.name,
    wrapped,
    fingerprint,
    createdAt: clock.now(),
  })
}

/** @throws StartupRefusal when project keys name a KEK store that is not here */
function refuseMissingStores(
  { canaries, storesInUse }: DeploymentState,
  kekStores: readonly KekStore[],
): void {
  const missing = storesInUse.filter((name) => kekStores.every((store) => store.name !== name))
  if (missing.length === 0) return
  const wanted = missing.map((name) => `${name}: ${fingerprintsOfCanaries(canaries, name)}`)
  const present = kekStores.map((store) => `${store.name}: ${fingerprintsOf(store.describe())}`)
  throw new StartupRefusal(
    `The database holds project keys of KEK stores that are not configured (${wanted.join('; ')}); configured are ${present.join('; ')}: name each in a section [secretstore:SUFFIX] as its kek_store.`,
  )
}

/** @throws StartupRefusal when the current KEK has no canary and must not get one any more */
function mayAddCanary({ canaries, storesInUse }: DeploymentState, kekStore: KekStore): boolean {
  const description = kekStore.describe()
  const { currentKekId } = description
  const ours = canaries.filter((canary) => canary.store === kekStore.name)
  if (ours.some((canary) => canary.wrapped.kekId === currentKekId)) return false
  // Also before the first project key: two nodes with two keyrings must not both believe they are right.
  refuseUnknownKeks(ours, kekStore)
  if (!storesInUse.includes(kekStore.name)) return true
  // It has the keys of all canaries, and one more that came to them.
  if (description.idsProveKeys === true && ours.length > 0) return true
  const known = fingerprintsOfCanaries(canaries, kekStore.name)
  throw new StartupRefusal(
    `The database holds project keys of ${kekStore.name} but no canary of its KEK ${currentKekId} (${fingerprintsOf(description)}); it has canaries of ${known}: give it the KEK store it was used with, or restore the canary from a backup. \`gatehouse kek promote\` gives another KEK its canary.`,
  )
}

/**
 * May a running process take these KEKs in the place of those it has?
 * @throws Error with a sentence; nothing was changed
 */
export function refuseUnfitKeks(
  canaries: readonly CanaryRow[],
  name: string,
  { currentKekId, keks }: KekDescription,
): void {
  const ours = canaries.filter((canary) => canary.store === name)
  const current = ours.find((canary) => canary.wrapped.kekId === currentKekId)
  if (current === undefined) {
    throw new Error(
      `KEK ${currentKekId} is primary in ${name} and the database has no canary of it: \`gatehouse kek promote\` writes it first.`,
    )
  }
  for (const { wrapped, fingerprint, retiredAt } of ours) {
    const kek = keks.find(({ id }) => id === wrapped.kekId)
    if (kek === undefined && (retiredAt ?? null) === null) {
      throw new Error(
        `KEK ${wrapped.kekId} (${fingerprint}) is in use and not in ${name} any more.`,
      )
    }
    if (kek !== undefined && kek.fingerprint !== fingerprint) {
      throw new Error(`KEK ${wrapped.kekId} of ${name} is another key than it was.`)
    }
  }
}

/** Commits the canary of a KEK that is about to become primary. @throws StartupRefusal */
export async function commitCanary(
  { deployment, clock }: Pick<DeploymentParts, 'deployment' | 'clock'>,
  kekStore: KekStore & WrapsUnderAny,
  kekId: string,
  deploymentId: string,
): Promise<void> {
  const { name } = kekStore
  const context = canaryContext(deploymentId, name)
  const wrapped = await ask(kekStore, (signal) =>
    kekStore.wrapUnder(kekId, canaryOf(deploymentId), context, signal),
  )
  const fingerprint = kekStore.describe().keks.find(({ id }) => id === kekId)?.fingerprint
  const row = { store: name, wrapped, fingerprint: fingerprint ?? 'unknown' }
  await deployment.addCanary({ ...row, createdAt: clock.now() })
  // What counts is what the database says now, and that it opens.
  const { canaries } = await deployment.read()
  const stored = canaries.find((it) => it.store === name && it.wrapped.kekId === kekId)
  if (stored === undefined) throw new StartupRefusal(`The canary of KEK ${kekId} did not stay.`)
  await refuseWrongCanary(stored, kekStore, deploymentId)
}

function fingerprintsOfCanaries(canaries: readonly CanaryRow[], store: string): string {
  const ours = canaries.filter((canary) => canary.store === store)
  return ours.map(({ fingerprint }) => fingerprint).join(', ') || 'none'
}

function refuseUnknownKeks(canaries: readonly CanaryRow[], kekStore: KekStore): void {
  const description = kekStore.describe()
  // What is retired opens nothing any more, and may be gone.
  const inUse = canaries.filter((canary) => (canary.retiredAt ?? null) === null)
  const missing = inUse.filter(
    (canary) => !description.keks.some((kek) => kek.id === canary.wrapped.kekId),
  )
  if (missing.length === 0) return
  const wanted = missing.map((canary) => canary.fingerprint).join(', ')
  throw new StartupRefusal(
    `The KEK store ${kekStore.name} is not the one the database was used with: it wants the KEK with fingerprint ${wanted}, the store has ${fingerprintsOf(description)}.`,
  )
}

/** @throws StartupRefusal when this canary of this store does not open, or its KEK is not there */
export async function refuseWrongCanary(
  canary: CanaryRow,
  kekStore: KekStore,
  deploymentId: string,
): Promise<void> {
  // What another store wrapped, only that store can open.
  if (canary.store !== kekStore.name || (canary.retiredAt ?? null) !== null) return
  const description = kekStore.describe()
  refuseUnknownKeks([canary], kekStore)
  if (description.keks.some((kek) => kek.id === canary.wrapped.kekId && kek.state === 'retired'))
    return
  const opened = await ask(kekStore, (signal) =>
    kekStore.unwrap(canary.wrapped, canaryContext(deploymentId, kekStore.name), signal),
  ).catch((cause: unknown) => {
    if (cause instanceof Fault && cause.kind === 'corrupted') throw canaryIsWrong(canary, cause)
    throw cause
  })
  const expected = canaryOf(deploymentId)
  if (opened.length !== expected.length || !timingSafeEqual(opened, expected)) {
    throw canaryIsWrong(canary)
  }
}

function canaryIsWrong(canary: CanaryRow, cause?: unknown): StartupRefusal {
  return new StartupRefusal(
    `The canary of KEK ${canary.wrapped.kekId} of ${canary.store} (fingerprint ${canary.fingerprint}) does not open: the canary, the deployment id or the KEK is not the one that belongs here; restore them from one backup.`,
    { cause },
  )
}

/** 32 characters: as long as a project key, for stores that wrap nothing else. */
function canaryOf(deploymentId: string): Buffer {
  return Buffer.from(deploymentId, 'latin1')
}

function fingerprintsOf({ keks }: KekDescription): string {
  return keks.map((kek) => kek.fingerprint).join(', ')
}

async function ask<T>(kekStore: KekStore, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await withDeadline(KEK_TIMEOUT_MS, work)
  } catch (cause) {
    if (cause instanceof Fault && cause.kind === 'corrupted') throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StartupRefusal(`The KEK store ${kekStore.name} does not answer: ${reason}`, { cause })
  }
}
