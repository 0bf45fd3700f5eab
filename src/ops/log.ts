import pino from 'pino'
import type { Log, LogFields } from '../lib/log.ts'
import { LineFile } from './lineFile.ts'
import { logText } from './logText.ts'
import { type OsloForms, osloWriter } from './osloText.ts'
import { printableFields } from './printable.ts'

export interface LogOptions {
  readonly debug: boolean
  /** Absolute; undefined is standard error. */
  readonly path: string | undefined
  /** Standard error as well as the file. */
  readonly useStderr: boolean
  /** `text` is for people, and they look at standard error: files are JSON then. */
  readonly format: 'json' | 'text' | 'oslo'
  readonly osloForms: OsloForms
  /** The number of this process among those that share the log; undefined: it is alone. */
  readonly worker?: number | undefined
}

/** The log of the process, and what the process does with it as a whole. */
export interface OpenLog extends Log {
  /** Lines that are JSON already, each with its line feed; for the access log. */
  writeLines(lines: string): void
  /** SIGHUP: the file was moved away, write a new one. */
  reopen(): void
  /** For a process about to end by an error. */
  flushNow(): void
  close(): Promise<void>
}

/** @throws StartupRefusal when the log file cannot be opened */
export function openLog(options: LogOptions): OpenLog {
  const { path, format } = options
  const oslo = format === 'oslo' ? osloWriter(options.osloForms, process.pid) : undefined
  const files: { readonly file: LineFile; readonly shown: (jsonLines: string) => string }[] = []
  const open = (one: string, shown: (jsonLines: string) => string): void => {
    const file = LineFile.open({
      path: one,
      mode: 0o640,
      isShared: options.worker !== undefined,
      onTrouble: ({ kind, code }) => {
        for (const other of files) {
          if (other.file.path !== one) other.file.write(other.shown(troubleLine(one, kind, code)))
        }
      },
    })
    files.push({ file, shown })
  }
  if (path !== undefined) open(path, oslo ?? asItIs)
  if (path === undefined || options.useStderr) {
    open('/dev/stderr', format === 'text' ? logText : (oslo ?? asItIs))
  }
  const stream = {
    write(lines: string): void {
      for (const { file, shown } of files) file.write(shown(lines))
    },
  }
  return new PinoLog(
    options,
    stream,
    files.map(({ file }) => file),
  )
}

class PinoLog implements OpenLog {
  readonly #pino: pino.Logger
  readonly #stream: pino.DestinationStream
  readonly #files: readonly LineFile[]
  readonly #isDebug: boolean

  constructor(
    { debug, worker }: LogOptions,
    stream: pino.DestinationStream,
    files: readonly LineFile[],
  ) {
    this.#stream = stream
    this.#files = files
    this.#isDebug = debug
    this.#pino = pino(
      {
        level: debug ? 'debug' : 'info',
        messageKey: 'message',
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: {
          level: (label) => ({ level: label }),
          bindings: ({ pid }) => ({ pid, ...(worker !== undefined && { worker }) }),
        },
        // Everything was made printable before: pino has nothing to serialize, so nothing to leak.
        serializers: {},
      },
      stream,
    )
  }

  debug(fields: LogFields, message: string): void {
    if (this.#isDebug) this.#pino.debug(printableFields(fields), message)
  }

  info(fields: LogFields, message: string): void {
    this.#pino.info(printableFields(fields), message)
  }

  warn(fields: LogFields, message: string): void {
    this.#pino.warn(printableFields(fields), message)
  }

  error(fields: LogFields, message: string): void {
    this.#pino.error(printableFields(fields), message)
  }

  fatal(fields: LogFields, message: string): void {
    this.#pino.fatal(printableFields(fields), message)
  }

  writeLines(lines: string): void {
    this.#stream.write(lines)
  }

  reopen(): void {
    for (const file of this.#files) file.reopen()
  }

  flushNow(): void {
    for (const file of this.#files) file.flushNow()
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()))
  }
}

function asItIs(lines: string): string {
  return lines
}

function troubleLine(path: string, kind: 'failing' | 'dropped', code: string): string {
  const message = kind === 'failing' ? 'the log cannot be written' : 'a log line was lost'
  const time = new Date().toISOString()
  return `${JSON.stringify({ level: 'error', time, path, code, message })}\n`
}
