import { statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { machineCertificates, readNamedFile, readPem } from '../../lib/pemFile.ts'
import { StartupRefusal } from '../../lib/startupRefusal.ts'

/** What TLS towards a KEK store needs, read. */
export interface TlsFiles {
  readonly ca: string | string[]
  readonly cert?: string
  readonly key?: string
}

/** What counts now: asked for every new connection, so that a renewed certificate needs no restart. */
export type TlsSource = () => TlsFiles

export interface TlsFilePaths {
  /** Whom we believe; without it, Node's own and the machine's certificates count. */
  readonly caFile: string | undefined
  readonly certFile: string | undefined
  /** Without it, `certFile` holds the key too. */
  readonly keyFile: string | undefined
}

const LOOK_EVERY_MS = 1000

/**
 * Reads the files, and again when they have changed. What does not fit, such as a certificate whose key is still to be
 * written, is not taken: what was before goes on.
 * @param section in which the options stand, for the sentence of a refusal
 * @throws StartupRefusal when they cannot be read now
 */
export function followedTlsFiles(
  section: string,
  paths: TlsFilePaths,
  lookEveryMs = LOOK_EVERY_MS,
): TlsSource {
  let seen = marksOf(paths)
  let current = readTlsFiles(section, paths)
  let lookedAtMs = performance.now()
  return () => {
    const nowMs = performance.now()
    if (nowMs - lookedAtMs < lookEveryMs) return current
    lookedAtMs = nowMs
    const marks = marksOf(paths)
    if (marks === seen) return current
    seen = marks
    try {
      const renewed = readTlsFiles(section, paths)
      createSecureContext(renewed)
      current = renewed
    } catch {
      // The server says so when the present ones end.
    }
    return current
  }
}

/** Another file under a name, or another content in a file. */
function marksOf({ caFile, certFile, keyFile }: TlsFilePaths): string {
  return [caFile, certFile, keyFile]
    .map((file) => {
      const found = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false })
      return found === undefined
        ? 'none'
        : `${found.ino}/${found.mtimeMs}/${found.ctimeMs}/${found.size}`
    })
    .join(' ')
}

function readTlsFiles(section: string, paths: TlsFilePaths): TlsFiles {
  const { caFile, certFile, keyFile } = paths
  const ca =
    caFile === undefined ? machineCertificates() : readPem(section, 'CA certificates', caFile)
  if (certFile === undefined) return { ca }
  const cert = readPem(section, 'certificate', certFile)
  const key = keyFile === undefined ? cert : readPem(section, 'key', keyFile)
  return { ca, cert, key }
}

/** The first line of a file: a password or a token. @throws StartupRefusal */
export function readSecretLine(section: string, what: string, path: string): string {
  const line = readNamedFile(section, what, path).split('\n', 1)[0]?.trim() ?? ''
  if (line !== '') return line
  throw new StartupRefusal(`[${section}] The ${what} in ${path} is empty.`)
}
