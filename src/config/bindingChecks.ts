import type { SecretStoreSettings, Sections } from './settingsTable.ts'

type Owners = 'projects' | 'domains'
const OWNERS: readonly Owners[] = ['projects', 'domains']
/** As wide as the columns of project ids. */
const LONGEST = 255

/** Does the store belong to somebody? */
export function isBound({ projects, domains }: Pick<SecretStoreSettings, Owners>): boolean {
  return projects.length > 0 || domains.length > 0
}

/** Pairs of option and what is wrong with whom a store belongs to. */
export function bindingMistakes(
  store: SecretStoreSettings,
  before: readonly SecretStoreSettings[],
  { DEFAULT }: Pick<Sections, 'DEFAULT'>,
): readonly (readonly [option: string, what: string])[] {
  return OWNERS.flatMap((option) => {
    const what = wrongOwners(option, store, before, DEFAULT.auth_strategy)
    return what === undefined ? [] : [[option, what] as const]
  })
}

function wrongOwners(
  option: Owners,
  store: SecretStoreSettings,
  before: readonly SecretStoreSettings[],
  strategy: Sections['DEFAULT']['auth_strategy'],
): string | undefined {
  const owners = store[option]
  if (owners.length === 0) return undefined
  const long = owners.find((id) => id.length > LONGEST)
  if (long !== undefined) return `names ${long.slice(0, 60)}..., which is too long for an id`
  if (store.global_default) {
    return 'is given, and global_default is true: a store that belongs to somebody is not the one of everybody'
  }
  for (const other of before) {
    const twice = owners.find((id) => other[option].includes(id))
    if (twice !== undefined) {
      return `names ${twice}, and so does that of [secretstore:${other.suffix}]: what is new goes to one store`
    }
  }
  return option === 'domains' && strategy !== 'keystone'
    ? `is given, and auth_strategy is ${strategy}: only Keystone's tokens say which domain a project is in; name the projects`
    : undefined
}
