import type { Given } from './setting.ts'
import { DOCUMENTED_OPTIONS, type KnownOption } from './settingsTable.ts'
import { printOption } from './showSettings.ts'

const WIDTH = 98

/** A configuration file with everything commented out, explained. */
export function sampleFile(): string {
  const lines = [
    '# Gatehouse. Every option with its default; take the # away from what you change.',
    '# Any of them can come from the environment as OS_<SECTION>__<OPTION>, which wins over files.',
  ]
  let section = ''
  for (const option of DOCUMENTED_OPTIONS) {
    if (option.section !== section) {
      section = option.section
      lines.push('', '', `[${section}]`)
    }
    lines.push('', ...wrapped(`${option.setting.explanation} (${option.setting.kind.wants})`))
    lines.push(...defaultLines(option).map((line) => `#${line}`))
  }
  return `${lines.join('\n')}\n`
}

function defaultLines(option: KnownOption): readonly string[] {
  const { describes } = option.setting.fallback
  if (describes !== undefined) return [`${option.name} = <${describes}>`]
  return printOption(option, defaultOf(option))
}

/** A default that depends on nothing; derived ones are described instead. */
export function defaultOf({ setting }: KnownOption): unknown {
  const nowhere: Given = {
    place: {
      packageRoot: '/',
      isClone: false,
      stateDirectory: undefined,
      credentialsDirectory: undefined,
    },
    statePath: '',
    bindHost: '',
    bindPort: 0,
    configFolders: [],
    exists: () => false,
    text: () => undefined,
  }
  return setting.fallback.of(nowhere)
}

function wrapped(text: string): readonly string[] {
  const lines: string[] = []
  let line = '#'
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
