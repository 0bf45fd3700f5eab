import { codeOf } from './dialect.ts'

/** What log and answer say of it. What a driver quotes are names, ids and keys of rows, never what is sealed. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = codeOf(error)
  // A refused connection to all addresses of a name has its reasons below.
  const message =
    error instanceof AggregateError ? error.errors.map(String).join('; ') : error.message
  return code === '' ? message : `${code}: ${message}`
}
