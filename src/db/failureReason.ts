import { Fault } from '../lib/fault.ts'
import { codeOf } from './dialect.ts'

/** What log and answer say of it. What a driver quotes are names, ids and keys of rows, never what is sealed. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = codeOf(error)
  // A refused connection to all addresses of a name has its reasons below.
  const message =
    error instanceof AggregateError ? error.errors.map(String).join('; ') : messageOf(error)
  return code === '' || message.startsWith(code) ? message : `${code}: ${message}`
}

/** The same for a start: of a Fault for a client the operator wants to know what is behind it. */
export function reasonBehind(error: unknown): string {
  return reasonOf(error instanceof Fault && error.cause !== undefined ? error.cause : error)
}

/** OpenSSL's own words have numbers, lines and files around them. */
function messageOf(error: Error): string {
  const said =
    'library' in error && 'reason' in error && typeof error.reason === 'string'
      ? error.reason
      : error.message
  return said.replaceAll(/\s+/g, ' ').trim()
}
