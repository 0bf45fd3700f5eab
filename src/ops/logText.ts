/** Log lines for people: `03:12:45.120 WARN  message  name=value`. Takes lines of JSON. */
export function logText(jsonLines: string): string {
  return jsonLines.replaceAll(/[^\n]+\n/g, textOfLine)
}

function textOfLine(jsonLine: string): string {
  const { time, level, message, pid: _pid, ...fields } = JSON.parse(jsonLine) as LogRecord
  const clock = time.slice(11, 23)
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${fieldText(value)}`)
  return `${[`${clock} ${level.toUpperCase().padEnd(5)} ${message}`, ...shown].join('  ')}\n`
}

/** One line of the log, as JSON has it. */
export interface LogRecord {
  readonly time: string
  readonly level: string
  readonly message: string
  readonly pid: number
  readonly [field: string]: unknown
}

/** A value beside a message, as people read it; an error brings its frames on lines of their own. */
export function fieldText(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  const { kind, message, stack, cause } = value as Readonly<Record<string, unknown>>
  const head = `${String(kind)}: ${String(message)}`
  const frames = String(stack ?? '')
    .split('\n')
    .map((frame) => `\n    ${frame}`)
    .join('')
  return `${head}${frames}${cause === undefined ? '' : `\n  caused by ${fieldText(cause)}`}`
}
