import { existsSync, mkdirSync, statSync } from 'node:fs'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { EXIT_CODES } from './exitCodes.ts'

const OTHERS = 0o077
const { code: exitCode } = EXIT_CODES.state

/** Makes the folder that holds database and keys, for this user alone. */
export function ensureStateFolder(path: string): void {
  try {
    // One level only: a path mistyped further up is a mistake, not a wish.
    if (!existsSync(path)) mkdirSync(path, { mode: 0o700 })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    if (code !== 'EEXIST') {
      throw new StartupRefusal(
        `The state folder ${path} cannot be made (${code}): make it, or name another with [DEFAULT] state_path.`,
        { exitCode, cause },
      )
    }
  }
  const found = statSync(path)
  if (!found.isDirectory()) {
    throw new StartupRefusal(`${path} is no folder: [DEFAULT] state_path must name one.`, {
      exitCode,
    })
  }
  // A group may look on where an image runs as an arbitrary user of group 0; the world may not.
  if ((found.mode & OTHERS & 0o007) !== 0) {
    throw new StartupRefusal(
      `The state folder ${path} is open to every user of this machine: chmod 0700 it, for it holds keys.`,
      { exitCode },
    )
  }
}
