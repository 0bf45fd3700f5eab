import { readFileSync } from 'node:fs'
import { getCACertificates } from 'node:tls'
import { StartupRefusal } from './startupRefusal.ts'

/** The text of a file that a setting names. @throws StartupRefusal */
export function readNamedFile(section: string, what: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    throw new StartupRefusal(`[${section}] The ${what} in ${path} cannot be read: ${reason}.`, {
      cause,
    })
  }
}

/** The same of certificates or keys for TLS. @throws StartupRefusal */
export function readPem(section: string, what: string, path: string): string {
  const pem = readNamedFile(section, what, path)
  if (pem.includes('-----BEGIN ')) return pem
  throw new StartupRefusal(`[${section}] wants its ${what} as PEM, which ${path} is not.`)
}

/**
 * Whom we believe where no setting says whom: Node's own and the machine's, for certificates of a site's own CA are
 * usually there.
 */
export function machineCertificates(): string[] {
  return [...getCACertificates('default'), ...getCACertificates('system')]
}
