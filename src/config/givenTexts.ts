import type { Assignment } from './iniReader.ts'
import type { KnownOption } from './settingsTable.ts'

/** What somebody wrote for one option, before substitution. */
export interface GivenTexts {
  readonly texts: readonly string[]
  /** Where the (last) text stands. */
  readonly where: string
  /** The old name it was found under. */
  readonly oldName: string | undefined
}

interface Name {
  readonly section: string
  readonly name: string
}

/**
 * All assignments, found by option as oslo.config finds them: the environment before files, a later
 * file before an earlier one, within a file the current name before the old ones and the last
 * occurrence before others. Multi-valued options collect over all files.
 */
export class AssignmentIndex {
  readonly #files: readonly Map<string, Assignment[]>[]
  readonly #environment: Map<string, Assignment[]>

  /** @param files assignments per file, the first file first */
  constructor(files: readonly (readonly Assignment[])[], environment: readonly Assignment[]) {
    this.#files = files.map(byName).reverse()
    this.#environment = byName(environment)
  }

  of({ section, name, setting }: KnownOption): GivenTexts | undefined {
    const names = [{ section, name }, ...setting.oldNames.map(splitName)]
    const inEnvironment = foundIn(this.#environment, names)
    if (inEnvironment !== undefined) return inEnvironment
    let found: GivenTexts | undefined
    for (const file of this.#files) {
      const here = foundIn(file, names)
      if (here === undefined) continue
      if (!setting.kind.isMulti) return here
      found = found === undefined ? here : { ...found, texts: [...here.texts, ...found.texts] }
    }
    return found
  }

  /** The last text of any option, ours or not; for `$name`. */
  anyText(section: string, name: string): string | undefined {
    for (const assignments of [this.#environment, ...this.#files]) {
      const found = assignments.get(key({ section, name }))?.at(-1)
      if (found !== undefined) return found.value
    }
    return undefined
  }

  /** What was last written for any option, ours or not. */
  anyGiven(section: string, name: string): GivenTexts | undefined {
    for (const assignments of [this.#environment, ...this.#files]) {
      const found = foundIn(assignments, [{ section, name }])
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Names of the sections that hold anything. */
  sections(): readonly string[] {
    const all = [...this.#files, this.#environment].flatMap((assignments) => [
      ...assignments.values(),
    ])
    return [...new Set(all.flatMap((items) => items.map(({ section }) => section)))]
  }

  /** Assignments that none of these options takes. */
  besides(known: readonly KnownOption[]): readonly Assignment[] {
    const taken = new Set(
      known.flatMap(({ section, name, setting }) =>
        [{ section, name }, ...setting.oldNames.map(splitName)].map(key),
      ),
    )
    return [...this.#files, this.#environment].flatMap((assignments) =>
      [...assignments].flatMap(([name, items]) => (taken.has(name) ? [] : items)),
    )
  }
}

function foundIn(
  assignments: ReadonlyMap<string, readonly Assignment[]>,
  names: readonly Name[],
): GivenTexts | undefined {
  for (const [position, name] of names.entries()) {
    const items = assignments.get(key(name))
    const last = items?.at(-1)
    if (items === undefined || last === undefined) continue
    return {
      texts: items.map(({ value }) => value),
      where: last.where,
      oldName: position === 0 ? undefined : `[${name.section}] ${name.name}`,
    }
  }
  return undefined
}

function byName(assignments: readonly Assignment[]): Map<string, Assignment[]> {
  const grouped = new Map<string, Assignment[]>()
  for (const assignment of assignments) {
    const name = key(assignment)
    const present = grouped.get(name)
    if (present === undefined) grouped.set(name, [assignment])
    else present.push(assignment)
  }
  return grouped
}

function key({ section, name }: Name): string {
  return JSON.stringify([section, name])
}

function splitName(oldName: string): Name {
  const dot = oldName.lastIndexOf('.')
  return { section: oldName.slice(0, dot), name: oldName.slice(dot + 1) }
}
