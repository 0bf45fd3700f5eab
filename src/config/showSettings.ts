import { printAssignment } from './iniReader.ts'
import type { LoadedSettings } from './loadSettings.ts'
import { maskUrl } from './maskUrl.ts'
import type { KnownOption } from './settingsTable.ts'

/**
 * The effective settings as a file one could start with: what somebody gave stands plainly under its
 * origin, defaults are commented out. Secrets are left out.
 */
export function showSettings(loaded: LoadedSettings): string {
  const lines = [
    '# Effective settings. What is commented out is the default; what is not was given where the line above says.',
    `# Files read: ${loaded.files.join(', ') || 'none'}`,
  ]
  let section = ''
  for (const option of loaded.options) {
    if (option.section !== section) {
      section = option.section
      lines.push('', `[${section}]`)
    }
    lines.push(...showOption(option, loaded))
  }
  return `${lines.join('\n')}\n`
}

function showOption(
  option: KnownOption,
  { optionValue, originOf }: LoadedSettings,
): readonly string[] {
  const origin = originOf(option.section, option.name)
  const value = optionValue(option.section, option.name)
  if (origin.kind === 'default') {
    // A default may come from a variable of the environment that holds a secret.
    if (option.setting.secret === 'whole' && value !== undefined) return [notShown(option)]
    return printOption(option, value).map((line) => `# ${line}`)
  }
  const from = `# from ${origin.where}`
  if (option.setting.secret === 'whole') return [from, notShown(option)]
  return [from, ...printOption(option, value)]
}

function notShown({ name }: KnownOption): string {
  return `# ${name} = (given, not shown)`
}

/** Lines `name = value`, several for a multi-valued option; without value a lone `name =`. */
export function printOption(option: KnownOption, value: unknown): readonly string[] {
  const { name, setting } = option
  if (value === undefined) return [`${name} =`]
  const texts = setting.kind.print(value)
  if (texts.length === 0) return [`${name} =`]
  return texts.flatMap((text) => {
    const shown = setting.secret === 'url' ? maskUrl(text) : text
    return printAssignment(name, shown.replaceAll('$', '$$$$')).split('\n')
  })
}
