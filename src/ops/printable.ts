import { Fault } from '../lib/fault.ts'
import type { LogFields } from '../lib/log.ts'

/*
 * What a log line may show. An allow-list by type: texts, numbers and booleans, of errors their kind,
 * message, frames and causes. Anything else, bytes and keys above all, leaves only the name of its type.
 */

const MOST_CHARACTERS = 2_000
const MOST_CAUSES = 5
/** Names under which somebody might hand over, by mistake, what must not be seen. */
const UNSEEN =
  /^(?:x-)?(?:auth|subject|service)?-?_?(?:token|password|passphrase|payload|authorization|secret|kek|dek|key|cookie|credentials?)$/i
const TAKEN = new Set(['level', 'time', 'message', 'pid'])

export type Printable = string | number | boolean | null | { readonly [name: string]: Printable }

export function printableFields(fields: LogFields): Readonly<Record<string, Printable>> {
  const shown: Record<string, Printable> = {}
  for (const name in fields) {
    const value: unknown = fields[name]
    if (value === undefined) continue
    const label = TAKEN.has(name) ? `${name}_` : name
    shown[label] =
      UNSEEN.test(name) && typeof value === 'string' ? '[not logged]' : printable(value)
  }
  return shown
}

function printable(value: unknown): Printable {
  switch (typeof value) {
    case 'string':
      return printableText(value)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'boolean':
      return value
    case 'bigint':
      return String(value)
    default:
      if (value === null) return null
      if (value instanceof Error) return printableError(value)
      return `[${nameOfType(value)} not logged]`
  }
}

function nameOfType(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? (value.constructor?.name ?? 'object')
    : typeof value
}

/** Long texts are cut; what looks like a token or like the password of a URL is left out. */
export function printableText(text: string): string {
  const cut = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text
  return cut
    .replaceAll(/\bgAAAA[\w-]{20,}={0,2}/g, '[token]')
    .replaceAll(/\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)*/g, '[token]')
    .replaceAll(/(:\/\/[^:/?#@\s]*):\S*@/g, '$1:***@')
    .replaceAll(/-----BEGIN [^-]*-----[\s\S]*?(?:-----END [^-]*-----|$)/g, '[PEM]')
}

function printableError(error: Error, depth = 0): Printable {
  const code = 'code' in error ? error.code : undefined
  return {
    kind: error instanceof Fault ? `Fault ${error.kind}` : printableText(error.name),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: printable(code) } : {}),
    message: printableMessage(error),
    stack: framesOf(error),
    ...(error.cause === undefined || depth >= MOST_CAUSES
      ? {}
      : { cause: printableCause(error.cause, depth + 1) }),
  }
}

function printableCause(cause: unknown, depth: number): Printable {
  if (cause instanceof Error) return printableError(cause, depth)
  return `[${nameOfType(cause)} not logged]`
}

/** Some errors quote what they were given, and that may be a payload. */
function printableMessage(error: Error): string {
  const { message } = error
  if (error instanceof SyntaxError || error instanceof URIError) return '[quotes its input]'
  if (error instanceof TypeError || error instanceof RangeError) {
    // Node's own complaints have a code that says what is wrong, and a message that may say with what.
    if ('code' in error) return '[see the code]'
    return withoutQuotes(printableText(message))
  }
  // knex puts the statement, values and all, in front of what the database said; both quote values.
  if (isOfDatabase(error) || /^\s*(?:insert|update|select|delete|with|replace)\b/i.test(message)) {
    // MariaDB quotes quotes without escaping them: nothing between the first and the last is ours to show.
    const said = printableText(message.split(' - ').at(-1) ?? '')
    return `[SQL] ${said.replace(/["'`][\s\S]*["'`]/, '[quoted]')}`
  }
  return printableText(message)
}

/** mysql2 leaves the statement in its errors; those of pg name the place in the server's source. */
function isOfDatabase(error: Error): boolean {
  return 'sql' in error || 'sqlState' in error || ('severity' in error && 'routine' in error)
}

/** Leaves out what stands in quotes, save the property in "Cannot read properties of undefined (reading 'x')". */
function withoutQuotes(message: string): string {
  return message.replaceAll(
    /((?:reading|setting) '[\w$]{1,64}')|(["'`])[\s\S]*?(?:\2|$)/g,
    (_, property: string | undefined) => property ?? '[quoted]',
  )
}

/** The frames alone: the lines before them repeat the message. */
function framesOf(error: Error): string {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 20)
    .map((line) => line.trim())
    .join('\n')
}
