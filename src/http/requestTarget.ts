import { Fault } from '../lib/fault.ts'

const ABSOLUTE = /^https?:\/\/[^/?#]*(.*)$/i

/**
 * Path and query of a request target. Clients send them bare; proxies may send the absolute form
 * (RFC 9112 section 3.2.2). Whatever else may stand there, nothing behind this meets it.
 */
export function originForm(target: string): string {
  if (target.startsWith('/')) return target
  if (target === '*') return '/*'
  const rest = ABSOLUTE.exec(target)?.[1]
  if (rest === undefined) throw new Fault('badRequest', 'The request target is no path.')
  return rest.startsWith('/') ? rest : `/${rest}`
}
