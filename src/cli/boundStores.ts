import { isBound } from '../config/bindingChecks.ts'
import type { SecretStoreSettings, Settings } from '../config/settingsTable.ts'
import { type KeysOfProject, projectsOfStore } from '../db/projectsOfStore.ts'
import type { Reads } from '../db/reads.ts'

/** A secret store that belongs to somebody, and how far its projects have come there. */
export interface BoundStore {
  readonly suffix: string
  readonly kekStore: string
  /** In words. */
  readonly owners: string
  /** Projects with a key there. */
  readonly here: number
  /** Its own that have keys elsewhere as well, or only there. */
  readonly elsewhere: readonly KeysOfProject[]
  /** With a key there, though it belongs to others. Among domains nobody can be told apart. */
  readonly strangers: readonly KeysOfProject[]
}

export async function boundStores(
  { secretStores }: Pick<Settings, 'secretStores'>,
  reads: Pick<Reads, 'all'>,
): Promise<readonly BoundStore[]> {
  const found: BoundStore[] = []
  for (const store of secretStores.filter(isBound)) {
    const others = secretStores.filter((it) => it !== store).flatMap(({ projects }) => projects)
    found.push(
      judged(store, others, await projectsOfStore(reads, store.kekStoreName, store.projects)),
    )
  }
  return found
}

function judged(
  { suffix, kekStoreName, projects, domains }: SecretStoreSettings,
  ofOthers: readonly string[],
  keys: readonly KeysOfProject[],
): BoundStore {
  const isHere = ({ stores }: KeysOfProject) => stores.includes(kekStoreName)
  const isOwn = ({ projectId }: KeysOfProject) =>
    projects.includes(projectId) || (domains.length > 0 && !ofOthers.includes(projectId))
  return {
    suffix,
    kekStore: kekStoreName,
    owners: ownersOf({ projects, domains }),
    here: keys.filter(isHere).length,
    elsewhere: keys.filter((it) => isOwn(it) && it.stores.some((name) => name !== kekStoreName)),
    strangers: keys.filter((it) => !isOwn(it) && isHere(it)),
  }
}

/** Whose a store is, in words. */
export function ownersOf({
  projects,
  domains,
}: Pick<SecretStoreSettings, 'projects' | 'domains'>): string {
  return [counted(projects.length, 'project'), counted(domains.length, 'domain')]
    .filter((part) => part !== '')
    .join(', ')
}

function counted(count: number, what: string): string {
  if (count === 0) return ''
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
