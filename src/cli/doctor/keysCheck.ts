import { type KekStoreSettings, kindOf, placeOf } from '../../config/kekStoreKinds.ts'
import { withDeadline } from '../../crypto/deadline.ts'
import { refuseWrongCanary } from '../../crypto/deployment.ts'
import { isSealed } from '../../crypto/kek/sealableKeyring.ts'
import { SqlDeploymentRepository } from '../../db/deploymentRepository.ts'
import { type KekInUse, keksInUse } from '../../db/keksInUse.ts'
import { schemaStatus } from '../../db/schema.ts'
import type { KekStore } from '../../domain/ports/crypto.ts'
import type { DeploymentState } from '../../domain/ports/keyRepositories.ts'
import type { Clock } from '../../lib/clock.ts'
import { type BoundStore, boundStores } from '../boundStores.ts'
import { lookInto } from '../lookInto.ts'
import { notMadeYet, openKekStore } from '../openKekStore.ts'
import { refusalOf } from '../refusalSentence.ts'
import { type Check, error, type Finding, fine, type Patient, warning } from './finding.ts'

const HEALTH_MS = 10_000
const RESTORE =
  'Give this node the KEK store that the database was used with (docs/operations.md, Backup and restore); without its KEKs nothing opens.'

interface Held {
  readonly deployment: DeploymentState | undefined
  readonly inUse: readonly KekInUse[]
  readonly bound: readonly BoundStore[]
}

/** Whether the KEK stores answer, and whether they are those that this database needs. */
export const keysCheck: Check = {
  name: 'keys',
  async look(patient) {
    const { settings, clock } = patient
    const held = await heldBy(patient)
    const findings = [...deploymentFindings(held.deployment)]
    for (const store of settings.kekStores)
      findings.push(...(await storeFindings(store, held, clock)))
    findings.push(...held.bound.flatMap(boundFindings))
    return [...findings, ...missingStores(patient, held.deployment)]
  },
}

async function heldBy({ settings, clock }: Patient): Promise<Held> {
  const url = settings.database.connection
  if ((await schemaStatus(url)).current === undefined) {
    return { deployment: undefined, inUse: [], bound: [] }
  }
  return lookInto(url, clock, async (glass) => ({
    deployment: await new SqlDeploymentRepository(glass).read(),
    inUse: await keksInUse(glass.reads),
    bound: await boundStores(settings, glass.reads),
  }))
}

function deploymentFindings(deployment: DeploymentState | undefined): readonly Finding[] {
  if (deployment === undefined) return []
  const { deploymentId, canaries, storesInUse } = deployment
  if (deploymentId !== undefined) return [fine(`the deployment is ${deploymentId}`)]
  return canaries.length > 0 || storesInUse.length > 0
    ? [
        error(
          'The deployment id is gone, and all that is sealed is bound to it.',
          'Restore the row of the table deployment from a backup.',
        ),
      ]
    : [warning('There is no deployment yet.', 'The first `gatehouse serve` makes it.')]
}

async function storeFindings(
  settings: KekStoreSettings,
  held: Held,
  clock: Clock,
): Promise<readonly Finding[]> {
  const { name } = settings
  const { deployment } = held
  const isKnown =
    deployment?.canaries.some((canary) => canary.store === name) === true ||
    deployment?.storesInUse.includes(name) === true
  const notYet = isKnown ? undefined : notMadeYet(settings)
  if (notYet !== undefined)
    return [warning(notYet, 'Start the server once, then copy what it made.')]
  let kekStore: KekStore
  try {
    kekStore = await openKekStore(settings, { deployment, mayCreate: false, clock })
  } catch (cause) {
    return [error(`${name}: ${refusalOf(cause).sentence}`, RESTORE)]
  }
  try {
    if (isSealed(kekStore)) return [sealedFinding(kekStore, deployment)]
    return [
      ...(await healthFindings(kekStore, settings)),
      ...(await canaryFindings(kekStore, deployment)),
      ...unheldKeks(kekStore, held.inUse),
    ]
  } finally {
    await kekStore.close()
  }
}

/** What its first line tells without a share. */
function sealedFinding(kekStore: KekStore, deployment: DeploymentState | undefined): Finding {
  const { name } = kekStore
  const { keks } = kekStore.describe()
  const missing = (deployment?.canaries ?? []).filter(
    ({ store, wrapped }) => store === name && keks.every(({ id }) => id !== wrapped.kekId),
  )
  const wanted = missing.map(({ fingerprint }) => fingerprint).join(', ')
  return missing.length === 0
    ? fine(`${name} is sealed by shares and holds the KEKs that are needed; nothing was opened`)
    : error(`${name} is sealed, and does not hold the KEKs with fingerprints ${wanted}.`, RESTORE)
}

async function healthFindings(
  kekStore: KekStore,
  settings: KekStoreSettings,
): Promise<readonly Finding[]> {
  const { name } = kekStore
  try {
    await withDeadline(HEALTH_MS, (signal) => kekStore.health(signal))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const todo = `See that ${kindOf(settings).distinct} ${placeOf(settings)} can be reached and used from here.`
    return [error(`The KEK store ${name} is not well: ${reason}`, todo)]
  }
  const { kind, keks, currentKekId } = kekStore.describe()
  const current = keks.find(({ id }) => id === currentKekId)
  return [
    fine(
      `${name} (${kind}) answers; ${keks.length} KEKs, new keys are wrapped by ${current?.fingerprint ?? currentKekId}`,
    ),
  ]
}

async function canaryFindings(
  kekStore: KekStore,
  deployment: DeploymentState | undefined,
): Promise<readonly Finding[]> {
  const { deploymentId, canaries = [], storesInUse = [] } = deployment ?? {}
  const ours = canaries.filter(({ store }) => store === kekStore.name)
  if (deploymentId === undefined) return []
  const findings: Finding[] = []
  for (const canary of ours) {
    try {
      await refuseWrongCanary(canary, kekStore, deploymentId)
    } catch (cause) {
      findings.push(error(refusalOf(cause).sentence, RESTORE))
    }
  }
  const { currentKekId } = kekStore.describe()
  if (ours.every(({ wrapped }) => wrapped.kekId !== currentKekId)) {
    const what = `The current KEK ${currentKekId} of ${kekStore.name} has no canary.`
    findings.push(
      storesInUse.includes(kekStore.name)
        ? error(what, RESTORE)
        : warning(what, 'The next start of a server makes it.'),
    )
  }
  if (findings.length === 0) findings.push(fine(`${kekStore.name}: ${ours.length} canaries open`))
  return findings
}

function unheldKeks(kekStore: KekStore, inUse: readonly KekInUse[]): readonly Finding[] {
  const held = new Map(kekStore.describe().keks.map(({ id, state }) => [id, state]))
  return inUse
    .filter(({ store }) => store === kekStore.name)
    .flatMap(({ kekId, projectKeys }) => {
      const state = held.get(kekId)
      if (state !== undefined && state !== 'retired') return []
      const how = state === undefined ? 'does not hold' : 'has retired'
      return [
        error(
          `${projectKeys} project keys are wrapped by the KEK ${kekId}, which ${kekStore.name} ${how}.`,
          RESTORE,
        ),
      ]
    })
}

/** A tenant's own KEK protects what is under it, and nothing that was left where it was. */
function boundFindings(store: BoundStore): readonly Finding[] {
  const { suffix, owners, here, elsewhere, strangers } = store
  return [
    fine(`the secret store ${suffix} is bound to ${owners}; ${here} projects have keys there`),
    ...elsewhere.map((project) => {
      const { projectId } = project
      const others = project.stores.filter((name) => name !== store.kekStore).join(', ')
      return warning(
        `Project ${projectId} is bound to the secret store ${suffix} and has keys in ${others}.`,
        `\`gatehouse project move ${projectId} --to ${suffix}\` brings them.`,
      )
    }),
    ...strangers.map(({ projectId }) =>
      warning(
        `Project ${projectId} has keys in the secret store ${suffix}, which belongs to others.`,
        `Move it to another one (\`gatehouse project move ${projectId} --to SUFFIX\`).`,
      ),
    ),
  ]
}

function missingStores(
  { settings }: Patient,
  deployment: DeploymentState | undefined,
): readonly Finding[] {
  return (deployment?.storesInUse ?? [])
    .filter((name) => settings.kekStores.every((store) => store.name !== name))
    .map((name) =>
      error(
        `The database holds project keys of the KEK store ${name}, which is not configured.`,
        'Name it in a section [secretstore:SUFFIX] as its kek_store.',
      ),
    )
}
