import { defaultOf } from './sampleFile.ts'
import { DOCUMENTED_OPTIONS, isOwnSection, type KnownOption } from './settingsTable.ts'

/** docs/configuration.md, from the table. */
export function configurationPage(): string {
  return [
    INTRODUCTION,
    ...[...new Set(DOCUMENTED_OPTIONS.map(({ section }) => section))].map((section) =>
      [
        `## [${section}]`,
        isOwnSection(section) ? 'An unknown option in this section stops the start.' : '',
        '| option | default | what it means |\n|---|---|---|\n' +
          DOCUMENTED_OPTIONS.filter((option) => option.section === section)
            .map(row)
            .join('\n'),
      ]
        .filter((part) => part !== '')
        .join('\n\n'),
    ),
    '',
  ].join('\n\n')
}

const INTRODUCTION = `# Configuration

This page is generated from \`src/config\`; \`gatehouse config show --sample\` prints the same as a file, and
\`gatehouse config show\` what is in force on a machine and where each value came from.

Settings come from files in oslo.config's INI form. \`--config-file FILE\` and \`--config-dir DIR\` (its \`*.conf\` in
alphabetical order) may be repeated; what comes later wins. Without them, \`/etc/gatehouse/gatehouse.conf\` with
\`/etc/gatehouse/gatehouse.conf.d\` is read, or else \`/etc/barbican/barbican.conf\` with \`/etc/barbican/barbican.conf.d\`.
Environment variables \`OS_<SECTION>__<OPTION>\`, such as \`OS_DEFAULT__BIND_PORT\`, win over files.

In values, \`$name\`, \`\${name}\` and \`$section.name\` stand for other options, and \`$$\` for a dollar sign. A value may be quoted. A line
that begins with a blank continues the value above it. Times take a unit: \`90\`, \`90s\`, \`15m\`, \`1h\`, \`1d\`.
Relative paths of our own files lie below \`state_path\`; those of certificates and policy files beside the configuration file.

A wrong value stops the start, with all mistakes listed at once. An unknown option stops it too when it can only be a mistake:
in a section of ours, or one or two letters away from an option we have. Everything else that is unknown, such as Barbican's options for
queues and plugins, is named in one warning.`

function row(option: KnownOption): string {
  const { explanation, kind, oldNames, secret, unused } = option.setting
  const notes = [
    explanation,
    `Wants ${kind.wants}.`,
    SECRECY[secret],
    oldNames.length === 0 ? '' : `Also read as ${oldNames.map(label).join(', ')}.`,
    unused === undefined ? '' : `No effect: ${unused}.`,
  ].filter((note) => note !== '')
  return `| \`${option.name}\` | ${defaultText(option)} | ${notes.join(' ').replaceAll('|', '\\|')} |`
}

function defaultText(option: KnownOption): string {
  const { describes } = option.setting.fallback
  if (describes !== undefined) return describes
  const value = defaultOf(option)
  const texts = value === undefined ? [] : option.setting.kind.print(value)
  const shown = texts.join(', ')
  return shown === '' ? '' : `\`${shown}\``
}

function label(oldName: string): string {
  const dot = oldName.lastIndexOf('.')
  return `\`[${oldName.slice(0, dot)}] ${oldName.slice(dot + 1)}\``
}

const SECRECY = {
  no: '',
  whole: 'Secret: never shown.',
  url: 'A password in it is never shown.',
}
