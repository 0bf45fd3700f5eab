import { fieldText, type LogRecord } from './logText.ts'

/** The forms of lines, in the language of Python's logging; names are oslo.log's. */
export interface OsloForms {
  /** For what belongs to a request. */
  readonly context: string
  /** For everything else. */
  readonly plain: string
  /** In front of each further line, of a stack above all. */
  readonly exceptionPrefix: string
}

/** oslo.log's defaults: what parsers of OpenStack's logs are written for. */
export const OSLO_FORMS: OsloForms = {
  context:
    '%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s ' +
    '[%(global_request_id)s %(request_id)s %(user_identity)s] %(instance)s%(message)s',
  plain: '%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s [-] %(instance)s%(message)s',
  exceptionPrefix: '%(asctime)s.%(msecs)03d %(process)d ERROR %(name)s %(instance)s',
}

const LEVELS: Readonly<Record<string, string>> = { warn: 'WARNING', fatal: 'CRITICAL' }

type Facts = Readonly<Record<string, string | number>>
type Printer = (facts: Facts) => string

/** Turns lines of JSON into lines as oslo.log writes them. Times are the machine's own, as there. */
export function osloWriter(forms: OsloForms, pid: number): (jsonLines: string) => string {
  const context = printer(forms.context)
  const plain = printer(forms.plain)
  const prefix = printer(forms.exceptionPrefix)
  return (jsonLines) =>
    jsonLines.replaceAll(/[^\n]+\n/g, (jsonLine) => {
      const record = JSON.parse(jsonLine) as LogRecord
      const [first = '', ...further] = messageOf(record).split('\n')
      const facts = factsOf(record, pid)
      const print = typeof record['requestId'] === 'string' ? context : plain
      const head = print({ ...facts, message: first })
      return [head, ...further.map((line) => `${prefix(facts)}${line}`), ''].join('\n')
    })
}

/** `%(name)s`, with flags and width as in Python; names that are nobody's print nothing. */
function printer(form: string): Printer {
  const pieces: Printer[] = []
  let end = 0
  for (const found of form.matchAll(/%(?:%|\((\w+)\)([-0]*)(\d*)[a-zA-Z])/g)) {
    const [whole, name, flags = '', width = ''] = found
    const between = form.slice(end, found.index)
    end = found.index + whole.length
    pieces.push(() => between)
    pieces.push(name === undefined ? () => '%' : fitted(name, flags, Number(width)))
  }
  const rest = form.slice(end)
  return (facts) => pieces.map((piece) => piece(facts)).join('') + rest
}

function fitted(name: string, flags: string, width: number): Printer {
  return (facts) => {
    const shown = String(facts[name] ?? '')
    if (flags.includes('-')) return shown.padEnd(width)
    return shown.padStart(width, flags.includes('0') ? '0' : ' ')
  }
}

function messageOf({ time: _time, level: _level, message, pid: _pid, ...fields }: LogRecord) {
  const {
    requestId: _own,
    globalRequestId: _global,
    user: _user,
    project: _project,
    ...told
  } = fields
  const shown = Object.entries(told).map(([name, value]) => `${name}=${fieldText(value)}`)
  return [message, ...shown].join('  ')
}

function factsOf(record: LogRecord, pid: number): Facts {
  const { level, message } = record
  const at = new Date(record.time)
  const user = textOr(record['user'], '-')
  const project = textOr(record['project'], '-')
  return {
    asctime: `${dateOf(at)} ${timeOf(at)}`,
    msecs: at.getMilliseconds(),
    process: pid,
    levelname: LEVELS[level] ?? level.toUpperCase(),
    // Access lines have a name of their own, so that a parser can tell them apart.
    name: message === 'request' ? 'gatehouse.access' : 'gatehouse',
    request_id: textOr(record['requestId'], 'None'),
    global_request_id: textOr(record['globalRequestId'], 'None'),
    user_identity: `${user} ${project} - - - -`,
    user,
    user_id: user,
    project,
    project_id: project,
    tenant: project,
    domain: '-',
    user_domain: '-',
    project_domain: '-',
    system_scope: '-',
  }
}

/** What came over the wire stays one word: it stands where a parser counts words. */
function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' && /^[\w.:@+-]+$/.test(value) ? value : otherwise
}

function dateOf(at: Date): string {
  return [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-')
}

function timeOf(at: Date): string {
  return [two(at.getHours()), two(at.getMinutes()), two(at.getSeconds())].join(':')
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
