import { readFileSync } from 'node:fs'
import { StartupRefusal } from '../../lib/startupRefusal.ts'

/** Our name of an option, and what a file of MariaDB's clients calls it. */
const NAMES: Readonly<Record<string, string>> = {
  host: 'host',
  port: 'port',
  user: 'user',
  password: 'password',
  unix_socket: 'socket',
  ssl: 'ssl',
  ssl_ca: 'ssl-ca',
  ssl_cert: 'ssl-cert',
  ssl_key: 'ssl-key',
  ssl_verify_cert: 'ssl-verify-server-cert',
}

/** What a my.cnf says of how to connect, by the names that stand in a URL. */
export type ClientFile = ReadonlyMap<string, string>

/**
 * The file of `read_default_file`, as PyMySQL reads it: one group, `-` and `_` alike, no included files, and what it
 * does not know is for somebody else. A file that is not there is refused: what it was to say may be TLS.
 *
 * @throws StartupRefusal that repeats nothing of the file
 */
export function readClientFile(path: string, group: string): ClientFile {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new StartupRefusal(
      `[database] connection: the file ${path} of read_default_file cannot be read.`,
      { cause },
    )
  }
  const found = new Map<string, string>()
  let isOurs = false
  for (const line of content.split('\n').map((one) => one.trim())) {
    const section = /^\[([^\]]*)\]/.exec(line)?.[1]
    if (section !== undefined) {
      isOurs = section.trim() === group
      continue
    }
    if (!isOurs || line === '' || /^[#;!]/.test(line)) continue
    const [, name = '', value = ''] = /^([^=]+?)\s*(?:=\s*(.*))?$/.exec(line) ?? []
    found.set(name.toLowerCase().replaceAll('_', '-'), unquoted(value))
  }
  return new Map(
    Object.entries(NAMES).flatMap(([ours, theirs]) => {
      const value = found.get(theirs)
      return value === undefined ? [] : [[ours, value] as const]
    }),
  )
}

function unquoted(value: string): string {
  return /^(["']).*\1$/.test(value) && value.length > 1 ? value.slice(1, -1) : value
}
