import type { AssignmentIndex, GivenTexts } from './givenTexts.ts'
import type { SectionValues } from './kekStoreKinds.ts'
import { maskUrl } from './maskUrl.ts'
import type { Given, Place, Setting } from './setting.ts'
import type { Mistake } from './settingsMistake.ts'
import {
  KNOWN_OPTIONS,
  type KnownOption,
  optionsOf,
  SETTINGS_TABLE,
  type Sections,
} from './settingsTable.ts'
import { substitute } from './substitute.ts'

export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'given'; readonly where: string }

interface Resolved {
  readonly value: unknown
  readonly origin: Origin
}

interface Surroundings {
  readonly place: Place
  readonly configFolders: readonly string[]
  readonly exists: (path: string) => boolean
}

const MOST_SHOWN = 60

/** Turns assignments into values: substitution, decoding, defaults; and remembers what was wrong. */
export class SettingsResolver {
  readonly #index: AssignmentIndex
  readonly #given: Given
  readonly #resolved = new Map<KnownOption, Resolved>()
  readonly #mistakes = new Map<string, Mistake>()
  readonly #options: KnownOption[] = [...KNOWN_OPTIONS]

  constructor(index: AssignmentIndex, surroundings: Surroundings) {
    this.#index = index
    const valueNamed = (name: string): unknown =>
      this.#resolve(this.#optionNamed('DEFAULT', name)).value
    this.#given = {
      ...surroundings,
      get statePath() {
        return String(valueNamed('state_path'))
      },
      get bindHost() {
        return String(valueNamed('bind_host'))
      },
      get bindPort() {
        return Number(valueNamed('bind_port'))
      },
      text: (section, name) => this.#textsOf(this.#optionNamed(section, name))?.texts.at(-1),
    }
  }

  /** Every option it knows, in the order of the documentation. */
  get options(): readonly KnownOption[] {
    return this.#options
  }

  sections(): Sections {
    const sections = Object.fromEntries(
      Object.entries(SETTINGS_TABLE).map(([section, options]) => [
        section,
        this.#values(options, section),
      ]),
    )
    // The table this walks over is the one that Sections is made of.
    return sections as unknown as Sections
  }

  /** Sections that somebody wrote whose names complete this one, such as `ssl:internal`. */
  sectionsBehind(base: string): readonly string[] {
    return this.#index.sections().filter((section) => section.startsWith(`${base}:`))
  }

  /** The values of a section whose name an operator completed; from here on its options are known. */
  section<Section extends Readonly<Record<string, Setting<unknown>>>>(
    name: string,
    options: Section,
  ): SectionValues<Section> {
    const base = name.split(':', 1)[0] ?? ''
    const behind = this.#options.findLastIndex(({ section }) => section.split(':', 1)[0] === base)
    this.#options.splice(behind + 1, 0, ...optionsOf(name, options))
    return this.#values(options, name) as SectionValues<Section>
  }

  #values(
    options: Readonly<Record<string, unknown>>,
    section: string,
  ): Readonly<Record<string, unknown>> {
    const names = Object.keys(options)
    return Object.fromEntries(names.map((name) => [name, this.optionValue(section, name)]))
  }

  optionValue(section: string, name: string): unknown {
    return this.#resolve(this.#optionNamed(section, name)).value
  }

  originOf(section: string, name: string): Origin {
    return this.#resolve(this.#optionNamed(section, name)).origin
  }

  /** What was written for an option that may be somebody else's. */
  givenTo(section: string, name: string): GivenTexts | undefined {
    return this.#index.anyGiven(section, name)
  }

  isBroken(section: string, name: string): boolean {
    const where = this.#index.of(this.#optionNamed(section, name))?.where
    return where !== undefined && this.#mistakes.has(where)
  }

  mistakes(): readonly Mistake[] {
    return [...this.#mistakes.values()]
  }

  notices(): readonly string[] {
    return this.#options.flatMap((option) => {
      const given = this.#index.of(option)
      if (given === undefined) return []
      const label = labelOf(option)
      const old = given.oldName
      return [
        ...(old === undefined ? [] : [`${given.where}: ${old} is now called ${label}.`]),
        ...(option.setting.unused === undefined
          ? []
          : [`${given.where}: ${label} has no effect: ${option.setting.unused}.`]),
      ]
    })
  }

  #resolve(option: KnownOption): Resolved {
    const present = this.#resolved.get(option)
    if (present !== undefined) return present
    const resolved = this.#decode(option)
    this.#resolved.set(option, resolved)
    return resolved
  }

  #decode(option: KnownOption): Resolved {
    const { kind } = option.setting
    const given = this.#textsOf(option)
    const isBlank = kind.blankIsUnset && given?.texts.at(-1)?.trim() === ''
    if (given === undefined || isBlank) return this.#default(option)
    const value = kind.parse(given.texts)
    if (value === undefined) {
      const what = `${labelOf(option)} is ${shown(option, given)}; it wants ${kind.wants}`
      this.#mistakes.set(given.where, { where: given.where, what })
      return this.#default(option)
    }
    const settled = option.setting.settle(value, this.#given)
    return { value: settled, origin: { kind: 'given', where: given.where } }
  }

  #default({ setting }: KnownOption): Resolved {
    const value = setting.settle(setting.fallback.of(this.#given), this.#given)
    return { value, origin: { kind: 'default' } }
  }

  /** The texts given for an option, substituted; undefined when there are none or they cannot be. */
  #textsOf(option: KnownOption, under: readonly KnownOption[] = []): GivenTexts | undefined {
    const given = this.#index.of(option)
    if (given === undefined) return undefined
    const texts: string[] = []
    for (const text of given.texts) {
      const result = substitute(text, (name) => this.#lookUp(option, name, [...under, option]))
      if ('unresolved' in result) {
        const what =
          `${labelOf(option)} refers to ${result.unresolved.map((name) => `$${name}`).join(', ')}, ` +
          'which names no option or itself; write $$ for a dollar sign'
        this.#mistakes.set(given.where, { where: given.where, what })
        return undefined
      }
      texts.push(result.text)
    }
    return { ...given, texts }
  }

  #lookUp(from: KnownOption, name: string, under: readonly KnownOption[]): string | undefined {
    const dot = name.indexOf('.')
    const places =
      dot < 0
        ? [[from.section, name] as const, ['DEFAULT', name] as const]
        : [[sectionNamed(name.slice(0, dot)), name.slice(dot + 1)] as const]
    for (const [section, option] of places) {
      const known = this.#options.find((one) => one.section === section && one.name === option)
      if (known !== undefined)
        return under.includes(known) ? undefined : this.#printed(known, under)
      const text = this.#index.anyText(section, option)
      if (text !== undefined) return text
    }
    return undefined
  }

  #optionNamed(section: string, name: string): KnownOption {
    const option = this.#options.find((one) => one.section === section && one.name === name)
    if (option === undefined) throw new Error(`[${section}] ${name} is not in the settings table`)
    return option
  }

  #printed(option: KnownOption, under: readonly KnownOption[]): string | undefined {
    if (this.#index.of(option) !== undefined) return this.#textsOf(option, under)?.texts.at(-1)
    const { value } = this.#default(option)
    return value === undefined ? '' : (option.setting.kind.print(value).at(-1) ?? '')
  }
}

function sectionNamed(section: string): string {
  return section === 'DEFAULT' ? section : section.toLowerCase()
}

function labelOf({ section, name }: KnownOption): string {
  return `[${section}] ${name}`
}

function shown({ setting }: KnownOption, given: GivenTexts): string {
  const text = given.texts.at(-1) ?? ''
  if (setting.secret === 'whole') return 'not shown, for it is secret'
  const masked = setting.secret === 'url' ? maskUrl(text) : text
  return JSON.stringify(masked.length > MOST_SHOWN ? `${masked.slice(0, MOST_SHOWN)}...` : masked)
}
