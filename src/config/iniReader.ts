import type { Mistake } from './settingsMistake.ts'

/*
 * oslo.config's dialect of INI, as its parser reads it: `=` or `:`, whichever comes first; comments
 * begin in the first column with `#` or `;`; a line that begins with a blank continues the value
 * above it; one pair of quotes around a value goes; an option may come several times.
 */

export interface Assignment {
  readonly section: string
  readonly name: string
  readonly value: string
  readonly where: string
}

export interface IniContent {
  readonly assignments: readonly Assignment[]
  readonly mistakes: readonly Mistake[]
}

// What Python's str.strip() takes off; JavaScript's trim() differs by a few characters.
const BLANK =
  '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const LEADING = new RegExp(`^${BLANK}+`)
const BLANK_CHARACTER = new RegExp(BLANK)

interface Pending {
  readonly name: string
  readonly lines: string[]
  readonly where: string
}

/** @param file its name, for `where` */
export function readIni(content: string, file: string): IniContent {
  const assignments: Assignment[] = []
  const mistakes: Mistake[] = []
  let section: string | undefined
  let pending: Pending | undefined

  const flush = (): void => {
    if (pending === undefined) return
    const { name, lines, where } = pending
    pending = undefined
    if (section === undefined) {
      mistakes.push({ where, what: `option ${quoted(name)} stands before any [section]` })
    } else {
      assignments.push({ section, name, value: lines.join('\n'), where })
    }
  }

  let number = 0
  for (const raw of content.split(/\r\n|\r|\n/)) {
    number += 1
    const where = `${file}:${number}`
    const line = stripEnd(raw)
    if (line === '') {
      flush()
    } else if (line.startsWith(' ') || line.startsWith('\t')) {
      if (pending === undefined) {
        mistakes.push({ where, what: `${quoted(line.trim())} is indented, but continues nothing` })
      } else {
        pending.lines.push(line.replace(LEADING, ''))
      }
    } else {
      flush()
      if (line.startsWith('[')) {
        const name = sectionName(line)
        if (name === undefined) {
          mistakes.push({ where, what: `${quoted(line)} is no section: write [name]` })
        } else section = name
      } else if (!line.startsWith('#') && !line.startsWith(';')) {
        const assigned = splitAssignment(line)
        if (assigned === undefined) {
          mistakes.push({ where, what: `${quoted(line)} is neither [section] nor name = value` })
        } else pending = { ...assigned, where }
      }
    }
  }
  flush()
  return { assignments, mistakes }
}

function sectionName(line: string): string | undefined {
  return line.endsWith(']') && line.length > 2 ? line.slice(1, -1) : undefined
}

function splitAssignment(line: string): { name: string; lines: string[] } | undefined {
  const split = line.search(/[=:]/)
  if (split < 0) return undefined
  const name = strip(line.slice(0, split))
  return name === '' ? undefined : { name, lines: [unquote(strip(line.slice(split + 1)))] }
}

function unquote(value: string): string {
  const first = value[0]
  return (first === '"' || first === "'") && value.endsWith(first) ? value.slice(1, -1) : value
}

function strip(value: string): string {
  return stripEnd(value).replace(LEADING, '')
}

// A loop, because /\s+$/ is quadratic on a long run of blanks that something follows.
function stripEnd(value: string): string {
  let end = value.length
  while (end > 0 && BLANK_CHARACTER.test(value[end - 1] ?? '')) end -= 1
  return value.slice(0, end)
}

/** Only the beginning of a line that could not be read, and of it only what precedes a value: it may hold a password. */
function quoted(line: string): string {
  const shown = /^[\w[\].:-]{0,40}/.exec(line)?.[0] ?? ''
  return shown === line ? `"${shown}"` : `"${shown}..."`
}

/** The inverse of `readIni` for one option; `value` as readIni gives it. */
export function printAssignment(name: string, value: string): string {
  const [first = '', ...rest] = value.split('\n')
  const needsQuotes =
    first === '' ? rest.length === 0 : first !== strip(first) || /^(["']).*\1$|^["']$/.test(first)
  const head = needsQuotes ? `"${first}"` : first
  return [`${name} = ${head}`.trimEnd(), ...rest.map((line) => `    ${line}`)].join('\n')
}
