import { isWithinEditDistance } from './editDistance.ts'
import { isForeignOption } from './foreignOptions.ts'
import type { Assignment } from './iniReader.ts'
import type { Mistake } from './settingsMistake.ts'
import { isOwnSection, type KnownOption } from './settingsTable.ts'

const MOST_EDITS = 2

export interface UnknownOptions {
  /** Can only be mistakes. */
  readonly mistakes: readonly Mistake[]
  /** Somebody else's, as `[section] name`; for one warning. */
  readonly foreign: readonly string[]
}

/** Sorts assignments that name none of our options (design 7). */
export function judgeUnknownOptions(
  unknown: readonly Assignment[],
  known: readonly KnownOption[],
): UnknownOptions {
  const mistakes: Mistake[] = []
  const foreign = new Set<string>()
  for (const { section, name, where } of unknown) {
    const label = `[${section}] ${name}`
    const meant = optionMeant(section, name, known)
    if (meant !== undefined) {
      mistakes.push({ where, what: `${label} is unknown; did you mean ${meant}?` })
    } else if (isOwnSection(section) && known.some((option) => option.section === section)) {
      mistakes.push({ where, what: `${label} is unknown; ${optionsOf(section, known)}` })
    } else foreign.add(label)
  }
  return { mistakes, foreign: [...foreign] }
}

function optionMeant(
  section: string,
  name: string,
  known: readonly KnownOption[],
): string | undefined {
  if (isForeignOption(section, name)) return undefined
  const inSection = known.filter((option) => option.section === section)
  const alike = inSection.find((option) => isWithinEditDistance(name, option.name, MOST_EDITS))
  if (alike !== undefined) return alike.name
  // A name the operator completed ([secretstore:b]) is unlike its neighbours on purpose.
  if (inSection.length > 0 || section.includes(':')) return undefined
  // `[default]` or `[keystone_authtokn]`: the section is misspelt when the option would be right there.
  const elsewhere = known.find(
    (option) =>
      option.name === name &&
      isWithinEditDistance(section.toLowerCase(), option.section.toLowerCase(), MOST_EDITS),
  )
  return elsewhere && `[${elsewhere.section}] ${elsewhere.name}`
}

function optionsOf(section: string, known: readonly KnownOption[]): string {
  const names = known.filter((option) => option.section === section).map(({ name }) => name)
  return `[${section}] has ${names.join(', ')}`
}
