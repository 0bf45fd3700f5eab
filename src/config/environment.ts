import type { Assignment } from './iniReader.ts'
import { SETTINGS_TABLE } from './settingsTable.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** oslo.config's form, `OS_<SECTION>__<OPTION>`. Variables of sections we do not know are other services'. */
export function readEnvironment(env: Environment): readonly Assignment[] {
  const assignments: Assignment[] = []
  for (const [variable, value] of Object.entries(env)) {
    const match = /^OS_([A-Z0-9_]*?[A-Z0-9])__([A-Z0-9][A-Z0-9_]*)$/.exec(variable)
    const section = SECTIONS.get(match?.[1] ?? '')
    const name = match?.[2]?.toLowerCase()
    if (section === undefined || name === undefined || value === undefined) continue
    assignments.push({ section, name, value, where: `environment ${variable}` })
  }
  return assignments
}

const SECTIONS: ReadonlyMap<string, string> = new Map(
  Object.keys(SETTINGS_TABLE).map((section) => [section.toUpperCase(), section]),
)
