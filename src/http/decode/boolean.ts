import { Fault } from '../../lib/fault.ts'

const TRUE = new Set(['1', 't', 'true', 'y', 'yes', 'on'])
const FALSE = new Set(['0', 'f', 'false', 'n', 'no', 'off'])

/** A query parameter in oslo's words for yes and no, any case (contract 01, `force`). Absent is no. */
export function decodeBoolean(name: string, value: string | undefined): boolean {
  if (value === undefined) return false
  const word = value.trim().toLowerCase()
  if (TRUE.has(word)) return true
  if (FALSE.has(word)) return false
  throw new Fault('badRequest', `Query parameter ${name} is not valid: true or false is wanted.`)
}
