import { existsSync } from 'node:fs'
import { resolveCertificates } from './certificateSections.ts'
import { type ConfigFile, type ConfigSource, readConfigFiles, usualSources } from './configFiles.ts'
import { crossCheck } from './crossChecks.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { AssignmentIndex } from './givenTexts.ts'
import { type Assignment, readIni } from './iniReader.ts'
import type { Place } from './setting.ts'
import { type Mistake, SettingsRefused } from './settingsMistake.ts'
import { type Origin, SettingsResolver } from './settingsResolver.ts'
import type { KnownOption, Settings } from './settingsTable.ts'
import { resolveStores } from './storeSections.ts'
import { judgeUnknownOptions } from './unknownOptions.ts'

export interface SettingsInput {
  /** What the command line names; empty: the usual places. */
  readonly sources: readonly ConfigSource[]
  readonly env: Environment
  readonly place: Place
}

export interface LoadedSettings {
  readonly settings: Settings
  /** Every option there is, those of sections an operator named included. */
  readonly options: readonly KnownOption[]
  optionValue(section: string, option: string): unknown
  /** Where the value of an option came from. */
  originOf(section: string, option: string): Origin
  /** Files that were read, in order. */
  readonly files: readonly string[]
  /** What the first log lines should say: old names, unused options, options of others. */
  readonly notices: readonly string[]
}

/** @throws SettingsRefused with everything that is wrong */
export function loadSettings(input: SettingsInput): LoadedSettings {
  const sources = input.sources.length > 0 ? input.sources : usualSources()
  const read = readConfigFiles(sources)
  const inis = read.files.map(({ path, content }) => readIni(content, path))
  const index = new AssignmentIndex(
    inis.map(({ assignments }) => assignments.map(normalized)),
    readEnvironment(input.env),
  )
  const resolver = new SettingsResolver(index, {
    place: input.place,
    configFolders: read.folders,
    exists: existsSync,
  })
  const sections = resolver.sections()
  const stores = resolveStores(sections, resolver)
  const { certificates, mistakes: certificateMistakes } = resolveCertificates(sections, resolver)
  const settings = { ...sections, ...stores.settings, certificates }
  const { options } = resolver
  const unknown = judgeUnknownOptions(index.besides(options), options)
  const mistakes: readonly Mistake[] = [
    ...read.mistakes,
    ...inis.flatMap((ini) => ini.mistakes),
    ...unknown.mistakes,
    ...resolver.mistakes(),
    ...crossCheck(settings, resolver),
    ...stores.mistakes,
    ...certificateMistakes,
  ]
  if (mistakes.length > 0) throw new SettingsRefused(mistakes.toSorted(byPlace))
  return {
    settings,
    options,
    optionValue: (section, option) => resolver.optionValue(section, option),
    originOf: (section, option) => resolver.originOf(section, option),
    files: read.files.map(({ path }) => path),
    notices: [
      ...resolver.notices(),
      ...stores.notices,
      ...foreignNotice(unknown.foreign),
      ...openFileNotices(read.files, resolver),
    ],
  }
}

/** Section names ignore case, except DEFAULT; `-` and `_` in an option's name are the same. */
function normalized(assignment: Assignment): Assignment {
  return {
    ...assignment,
    section: assignment.section === 'DEFAULT' ? 'DEFAULT' : assignment.section.toLowerCase(),
    name: assignment.name.replaceAll('-', '_'),
  }
}

/** A warning and no refusal: on a machine of one's own it is nobody else's business. */
function openFileNotices(
  files: readonly ConfigFile[],
  resolver: SettingsResolver,
): readonly string[] {
  const secrets = resolver.options.filter(({ setting }) => setting.secret === 'whole')
  return files.flatMap(({ path, isOpenToAll }) => {
    const held = secrets.filter(({ section, name }) => {
      const origin = resolver.originOf(section, name)
      return origin.kind === 'given' && origin.where.startsWith(`${path}:`)
    })
    const labels = held.map(({ section, name }) => `[${section}] ${name}`)
    return isOpenToAll && labels.length > 0
      ? [
          `${path} holds ${labels.join(', ')} and every user of this machine may read it: chmod o-r it.`,
        ]
      : []
  })
}

function foreignNotice(foreign: readonly string[]): readonly string[] {
  return foreign.length === 0 ? [] : [`Options that do nothing here: ${foreign.join(', ')}.`]
}

/** By file, then by line. */
function byPlace(a: Mistake, b: Mistake): number {
  return a.where.localeCompare(b.where, 'en', { numeric: true })
}
