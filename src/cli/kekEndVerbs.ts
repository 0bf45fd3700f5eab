import type { Settings } from '../config/settingsTable.ts'
import type { Database } from '../db/database.ts'
import type { CapableKekStore, KekFacts } from '../domain/ports/kekChanges.ts'
import type { CanaryRow, DeploymentState } from '../domain/ports/keyRepositories.ts'
import { timeBefore } from '../domain/purge.ts'
import { systemClock } from '../lib/clock.ts'
import type { Report } from './jobReport.ts'
import { kekNamed } from './kekChoice.ts'
import { KEKS_ELSEWHERE } from './kekElsewhere.ts'
import {
  KEK_CALL_MS,
  type KekOptions,
  type KekStoreInHand,
  primaryOf,
  refused,
  refusedFor,
  said,
  withStore,
} from './kekStoreInHand.ts'
import { nodesThat } from './nodesThat.ts'

/**
 * `gatehouse kek retire`: it opens nothing any more, and could still be taken back. When it was retired stands at its
 * canary; a store whose KEKs we write is changed as well.
 */
export async function kekRetire(
  settings: Settings,
  given: string,
  options: KekOptions,
): Promise<Report> {
  return withStore(settings, options, async (opened) => {
    const { kind, kekStore, database, deployment, place } = opened
    const kek = kekNamed(kekStore, given)
    const refusal = await whyInUse(database, kekStore, kek)
    if (refusal !== undefined) return refusal
    const elsewhere = KEKS_ELSEWHERE[kind]
    if (elsewhere !== undefined && canaryOf(deployment, kekStore.name, kek.id) === undefined) {
      return refused(`KEK ${kek.id} was never primary: nothing is under it, and no node needs it.`)
    }
    await database.deployment.retireCanary(kekStore.name, kek.id, systemClock().now())
    await kekStore.retire?.(kek.id, AbortSignal.timeout(KEK_CALL_MS))
    const days = Math.ceil(settings.rotation.kek_retention / 86_400)
    const backups = 'Backups from before its last project key was rewrapped need it'
    const name = `KEK ${kek.id} (${kek.fingerprint})`
    if (elsewhere === undefined) {
      return said(
        `${name} is retired in ${place}. Bring that to every node.`,
        `${backups}; \`gatehouse kek destroy\` takes it after ${days} days.`,
      )
    }
    const { unname } = elsewhere
    return said(
      `${name} is retired: nodes open nothing with it, within seconds.`,
      ...(unname === undefined ? [] : [`No node needs it: ${unname}.`]),
      `${backups}: keep the key itself for ${days} days, then \`gatehouse kek destroy\`.`,
    )
  })
}

/** `gatehouse kek destroy`: after its retention; nothing brings it back but a copy. */
export async function kekDestroy(
  settings: Settings,
  given: string,
  options: KekOptions,
): Promise<Report> {
  return withStore(settings, options, async (opened) => {
    const { kind, kekStore, database, deployment, place } = opened
    const elsewhere = KEKS_ELSEWHERE[kind]
    const canaries = deployment.canaries.filter(({ store }) => store === kekStore.name)
    const kek = unnamedKek(kekStore, canaries, given) ?? kekNamed(kekStore, given)
    const inUse = await whyInUse(database, kekStore, kek)
    if (inUse !== undefined) return inUse
    const retiredAt = canaryOf(deployment, kekStore.name, kek.id)?.retiredAt ?? null
    // Of transit, a bound at Vault may call a version retired of which backups were not thought.
    const isRetired = elsewhere === undefined ? kek.state === 'retired' : retiredAt !== null
    if (!isRetired) {
      return refused(`KEK ${kek.id} is ${kek.state}: \`gatehouse kek retire\` comes first.`)
    }
    const unname = elsewhere?.unname
    const named = unname === undefined ? undefined : await whyNamed(opened, kek, unname)
    if (named !== undefined) return named
    const until = timeBefore(systemClock(), settings.rotation.kek_retention)
    if (retiredAt !== null && retiredAt > until && options.force !== true) {
      return refused(
        `KEK ${kek.id} was retired at ${retiredAt.slice(0, 19)}, and [rotation] kek_retention has not passed: backups may need it. With --force those that do are lost.`,
      )
    }
    if (!(await database.deployment.removeCanary(kekStore.name, kek.id))) {
      return refused(`Project keys are under KEK ${kek.id}: \`gatehouse kek rewrap\` first.`)
    }
    await kekStore.destroy?.(kek.id, AbortSignal.timeout(KEK_CALL_MS))
    const name = `KEK ${kek.id} (${kek.fingerprint})`
    if (elsewhere === undefined) {
      return said(
        `${name} is destroyed in ${place}.`,
        'Bring that to every node, and destroy the copies of it that you kept.',
      )
    }
    return said(
      `Nothing here needs ${name} any more.`,
      `It still exists in ${place}: ${elsewhere.destroy}.`,
    )
  })
}

/** One that no settings name any more, and that the database remembers as retired. */
function unnamedKek(
  kekStore: CapableKekStore,
  canaries: readonly CanaryRow[],
  given: string,
): KekFacts | undefined {
  const { keks } = kekStore.describe()
  const [found, another] = canaries.filter(
    ({ wrapped, fingerprint, retiredAt = null }) =>
      retiredAt !== null &&
      keks.every(({ id }) => id !== wrapped.kekId) &&
      (wrapped.kekId === given || fingerprint.startsWith(given)),
  )
  if (found === undefined || another !== undefined) return undefined
  const { wrapped, fingerprint, createdAt } = found
  return { id: wrapped.kekId, state: 'retired', fingerprint, createdAt }
}

/** Whoever names a KEK that is gone does not start. @returns undefined: nobody does */
async function whyNamed(
  { kekStore, database }: KekStoreInHand,
  { id }: KekFacts,
  unname: string,
): Promise<Report | undefined> {
  const { name } = kekStore
  const naming = await nodesThat(database, ({ keks }) =>
    keks.some((kek) => kek.store === name && kek.id === id),
  )
  const isNamedHere = kekStore.describe().keks.some((kek) => kek.id === id)
  if (naming.length === 0 && !isNamedHere) return undefined
  const here = isNamedHere ? ['the settings of this command'] : []
  return refusedFor(`KEK ${id} is still named by:`, [...here, ...naming], `First ${unname}.`)
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
  return refusedFor(
    `These nodes still wrap under KEK ${kek.id}:`,
    lagging,
    'Bring the changed KEK store to them, and `gatehouse kek rewrap` once more.',
  )
}

function canaryOf(deployment: DeploymentState, store: string, id: string): CanaryRow | undefined {
  return deployment.canaries.find((it) => it.store === store && it.wrapped.kekId === id)
}
