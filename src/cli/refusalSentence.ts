import { SettingsRefused } from '../config/settingsMistake.ts'
import { Fault } from '../lib/fault.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { EXIT_CODES } from './exitCodes.ts'

export interface Refusal {
  readonly code: number
  /** One sentence; several settings mistakes are one line each. */
  readonly sentence: string
  /** True: nobody foresaw this, so the cause belongs into the log. */
  readonly isBug: boolean
}

/** What a failure means to the one at the keyboard. Never a stack, never the text of an unforeseen error. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof SettingsRefused) {
    const count = error.mistakes.length
    const head = count === 1 ? 'One setting is wrong:' : `${count} settings are wrong:`
    const lines = error.mistakes.map(({ where, what }) => `  ${where}: ${what}`)
    return known(EXIT_CODES.settings.code, [head, ...lines].join('\n'))
  }
  if (error instanceof StartupRefusal) return known(error.exitCode, error.message)
  if (error instanceof Fault && error.kind === 'unavailable') {
    return known(EXIT_CODES.database.code, error.message)
  }
  if (error instanceof Fault && error.kind === 'badRequest') {
    return known(EXIT_CODES.usage.code, error.message)
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const address = ADDRESS_TROUBLES.get(code)
  if (address !== undefined) {
    return known(EXIT_CODES.address.code, `${addressOf(error)} ${address}`)
  }
  const name = error instanceof Error ? error.name : typeof error
  return {
    code: EXIT_CODES.bug.code,
    sentence: `Something failed that should not have (${name}${code === '' ? '' : ` ${code}`}); the log has the cause.`,
    isBug: true,
  }
}

function known(code: number, sentence: string): Refusal {
  return { code, sentence, isBug: false }
}

const ADDRESS_TROUBLES: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'is in use by another process: stop it, or set another bind_port.'],
  ['EADDRNOTAVAIL', 'is no address of this machine: correct bind_host.'],
  ['EACCES', 'may not be listened on by this user: ports below 1024 want a privilege.'],
  ['ENOTFOUND', 'is a name that nobody knows: correct bind_host.'],
  ['EAI_AGAIN', 'is a name that cannot be looked up now: correct bind_host, or mend the resolver.'],
])

function addressOf(error: unknown): string {
  const { address, port, hostname } = error as {
    readonly address?: unknown
    readonly port?: unknown
    readonly hostname?: unknown
  }
  const host = address ?? hostname
  if (host === undefined) return 'The address to listen on'
  const shown = String(host).includes(':') ? `[${String(host)}]` : String(host)
  return typeof port === 'number' && port > 0 ? `${shown}:${port}` : shown
}
