import { parseDurationSeconds } from './duration.ts'

/** How an option's text becomes a value, and what an operator should have written. */
export interface ValueKind<T> {
  /** Completes the sentence "... wants ...". */
  readonly wants: string
  /** True: `name =` with nothing behind it counts as not given. */
  readonly blankIsUnset: boolean
  /** True: every occurrence of the option counts; else the last one. */
  readonly isMulti: boolean
  /** @returns undefined when the text is not what `wants` says */
  parse(texts: readonly string[]): T | undefined
  /** The texts that `parse` reads back; more than one only for multi-valued options. */
  print(value: T): readonly string[]
}

function single<T>(
  wants: string,
  parse: (text: string) => T | undefined,
  print: (value: T) => string = String,
  blankIsUnset = true,
): ValueKind<T> {
  return {
    wants,
    blankIsUnset,
    isMulti: false,
    parse: (texts) => parse(texts.at(-1) ?? ''),
    print: (value) => [print(value)],
  }
}

/** Any text but the empty one. */
export const text = single('a text', (given) => given)

/** A text of this form. */
export function matching(wants: string, form: RegExp): ValueKind<string> {
  return single(wants, (given) => (form.test(given.trim()) ? given.trim() : undefined))
}

export const absolutePath = single('an absolute path', (given) =>
  given.startsWith('/') && !given.includes('\0') ? given : undefined,
)

const TRUTHS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['on', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['off', false],
  ['no', false],
])

export const truth = single(
  'true or false (also yes/no, on/off, 1/0)',
  (given) => TRUTHS.get(given.toLowerCase()),
  (value) => (value ? 'true' : 'false'),
  false,
)

export function whole(least: number, most = Number.MAX_SAFE_INTEGER): ValueKind<number> {
  const wants =
    most === Number.MAX_SAFE_INTEGER
      ? `a whole number, ${least} or more`
      : `a whole number from ${least} to ${most}`
  return single(wants, (given) => parseWhole(given, least, most))
}

/** As Python's int() reads it: sign and single underscores between digits are fine. */
function parseWhole(given: string, least: number, most: number): number | undefined {
  const trimmed = given.trim()
  if (!/^[+-]?\d+(_\d+)*$/.test(trimmed)) return undefined
  const value = Number(trimmed.replaceAll('_', ''))
  return Number.isSafeInteger(value) && value >= least && value <= most ? value : undefined
}

export function decimal(least: number, most: number): ValueKind<number> {
  return single(`a number from ${least} to ${most}`, (given) => {
    if (!/^[+]?(\d+\.?\d*|\.\d+)$/.test(given.trim())) return undefined
    const value = Number(given)
    return value >= least && value <= most ? value : undefined
  })
}

/** Seconds, in the unit the operator likes. */
export function seconds(least: number, most: number): ValueKind<number> {
  const wants = `seconds, or a time such as 90s, 15m, 1h, 1d (${least} to ${most} seconds)`
  return single(wants, (given) => {
    const value = parseDurationSeconds(given)
    return value !== undefined && value >= least && value <= most ? value : undefined
  })
}

export function oneOf<const W extends string>(...words: readonly W[]): ValueKind<W> {
  const wants = `one of ${words.join(', ')}`
  return single(wants, (given) => words.find((word) => word === given.trim().toLowerCase()))
}

/** Comma-separated; a comma at the end and empty items mean nothing. */
export const list: ValueKind<readonly string[]> = single(
  'a comma-separated list',
  splitList,
  (items) => items.join(','),
  false,
)
function splitList(given: string): readonly string[] {
  return given
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

export function listOf<const W extends string>(...words: readonly W[]): ValueKind<readonly W[]> {
  return single(
    `a comma-separated list of ${words.join(', ')}`,
    (given) => {
      const items = splitList(given).map((item) => words.find((word) => word === item))
      const known = items.filter((item) => item !== undefined)
      return known.length === items.length && items.length > 0 ? known : undefined
    },
    (items) => items.join(','),
  )
}

/** An option that may be written several times, one value each; empty ones mean nothing. */
export const manyTexts: ValueKind<readonly string[]> = {
  wants: 'a text; the option may be repeated',
  blankIsUnset: false,
  isMulti: true,
  parse: (texts) => texts.filter((item) => item !== ''),
  print: (items) => items,
}

/** Written as a list, or as several options of one name, or both. */
export const manyLists: ValueKind<readonly string[]> = {
  wants: 'a comma-separated list; the option may be repeated',
  blankIsUnset: false,
  isMulti: true,
  parse: (texts) => texts.flatMap(splitList),
  print: (items) => [items.join(',')],
}

export function url(...schemes: readonly string[]): ValueKind<string> {
  const wants = `an address that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`
  return single(wants, (given) => (isUrlOf(schemes, given) ? given : undefined))
}

/** As `url`; the empty text is a value of its own. */
export function urlOrBlank(...schemes: readonly string[]): ValueKind<string> {
  const { wants } = url(...schemes)
  return single(
    `${wants}, or nothing`,
    (given) => (given === '' || isUrlOf(schemes, given) ? given : undefined),
    String,
    false,
  )
}

function isUrlOf(schemes: readonly string[], given: string): boolean {
  const parsed = URL.parse(given)
  return parsed !== null && schemes.includes(parsed.protocol.slice(0, -1)) && !/\s/.test(given)
}

/** A host name, an IPv4 or an IPv6 address; brackets around the latter go. */
export const host = single('a host name or an IP address', parseHost)
function parseHost(given: string): string | undefined {
  const trimmed = given.trim()
  const bare = /^\[([0-9A-Fa-f:.]+)\]$/.exec(trimmed)?.[1] ?? trimmed
  return /^[A-Za-z0-9._-]+$/.test(bare) || /^[0-9A-Fa-f:.]+(%[\w.-]+)?$/.test(bare)
    ? bare
    : undefined
}

/** The same, or `unix:/path`, or `systemd` with or without the name of a socket. */
export const hostOrSocket = single(
  'a host name, an IP address, unix:/path/of/a/socket, systemd or systemd:NAME',
  (given) =>
    /^(unix:\/[^\0]+|systemd:[\w.-]+)$/.test(given.trim()) ? given.trim() : parseHost(given),
)

export const port = whole(0, 65_535)
