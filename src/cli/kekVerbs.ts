import type { Settings } from '../config/settingsTable.ts'
import { commitCanary } from '../crypto/deployment.ts'
import { knownKeks } from '../crypto/kek/knownKeks.ts'
import type { WrapsUnderAny } from '../domain/ports/crypto.ts'
import type { CapableKekStore, KekFacts } from '../domain/ports/kekChanges.ts'
import type { DeploymentState } from '../domain/ports/keyRepositories.ts'
import type { NodeSeen } from '../domain/ports/nodes.ts'
import { systemClock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { Report } from './jobReport.ts'
import { type JobOptions, runJob } from './jobVerbs.ts'
import { kekToPromote, refuseUnable, wouldWrap } from './kekChoice.ts'
import {
  KEK_CALL_MS,
  type KekOptions,
  primaryOf,
  refused,
  refusedFor,
  said,
  withStore,
} from './kekStoreInHand.ts'
import { nodesThat } from './nodesThat.ts'
import type { Surroundings } from './surroundings.ts'

/** `gatehouse kek generate` */
export async function kekGenerate(settings: Settings, options: KekOptions): Promise<Report> {
  return withStore(settings, options, async ({ kind, kekStore, place }) => {
    if (kekStore.generate === undefined) return refuseUnable({ kind }, 'make')
    const made = await kekStore.generate(AbortSignal.timeout(KEK_CALL_MS))
    return said(
      `KEK ${made.id} (${made.fingerprint}) is in ${place}, decrypt-only.`,
      ...(kind === 'keyring'
        ? [
            'Keep a copy of it apart from the database, and bring it to every node; a running one takes it up within seconds.',
          ]
        : ['Keep a copy of it as its keeper allows. Nodes take it up within seconds.']),
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
  return withStore(settings, options, async (opened) => {
    const { kind, kekStore, database, deployment, place } = opened
    const { promote, follow, name } = kekStore
    if (!canPromote(kekStore)) return refuseUnable({ kind }, 'promote')
    const deploymentId = knownId(deployment)
    const known = knownKeks(name, deployment.canaries)
    const kek = kekToPromote(kekStore, given, known)
    if (kek.state !== 'primary' && !wouldWrap(kekStore, kek.id, known)) {
      return refused(
        `No node would wrap under KEK ${kek.id}: ${whyNot(kek, kind)}. Nothing was changed.`,
      )
    }
    const lacking = await nodesThat(database, (node) => !holds(node, name, kek))
    if (lacking.length > 0 && options.force !== true) {
      return refusedFor(
        `These nodes serve and do not hold KEK ${kek.id}:`,
        lacking,
        'They could not open what is written from now on. Bring the KEK to them first; with --force they will answer 500 for new project keys, raise alarms, and refuse to start.',
      )
    }
    await commitCanary(
      { deployment: database.deployment, clock: systemClock() },
      kekStore,
      kek.id,
      deploymentId,
    )
    await promote?.call(kekStore, kek.id, AbortSignal.timeout(KEK_CALL_MS))
    return said(
      `KEK ${kek.id} (${kek.fingerprint}) is primary in ${place}.`,
      ...lacking.map((one) => `warning: ${one} does not hold it.`),
      follow === undefined
        ? 'Bring it to every node as well, then `gatehouse kek rewrap`.'
        : 'Nodes wrap under it within seconds; then `gatehouse kek rewrap`.',
    )
  })
}

function canPromote(kekStore: CapableKekStore): kekStore is CapableKekStore & WrapsUnderAny {
  const { promote, follow, wrapUnder } = kekStore
  return wrapUnder !== undefined && (promote !== undefined || follow !== undefined)
}

function whyNot({ state }: KekFacts, kind: string): string {
  if (state === 'retired') return 'it is retired'
  return kind === 'transit'
    ? 'a later version wraps already'
    : 'the settings name the one that wraps before it; name it first, on every node'
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
      return refusedFor(
        `These nodes wrap under another KEK than ${kekId}:`,
        lagging,
        'Bring the changed KEK store to them first: what they make would come back under the old one.',
      )
    }
    return runJob(settings, database, { kind: 'kek-rewrap', scope, total }, options, surroundings)
  })
}

function knownId({ deploymentId }: DeploymentState): string {
  if (deploymentId !== undefined) return deploymentId
  throw new StartupRefusal('This deployment has never served: there is nothing to promote for.')
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
