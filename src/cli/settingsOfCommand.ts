import { existsSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { ConfigSource } from '../config/configFiles.ts'
import { type LoadedSettings, loadSettings } from '../config/loadSettings.ts'
import type { Surroundings } from './surroundings.ts'

/** The settings this invocation runs on: its --config-file and --config-dir, or the usual places. */
export function settingsOfCommand(
  surroundings: Surroundings,
  sources: readonly ConfigSource[],
): LoadedSettings {
  const { env, packageRoot } = surroundings
  return loadSettings({
    sources,
    env,
    place: {
      packageRoot,
      isClone: isClone(packageRoot),
      stateDirectory: env['STATE_DIRECTORY'],
      credentialsDirectory: env['CREDENTIALS_DIRECTORY'],
      variable: (name) => env[name],
    },
  })
}

/** A source tree has the lockfile and the sources; an installed package or an image lacks the one or the other. */
function isClone(packageRoot: string): boolean {
  return (
    !packageRoot.split(sep).includes('node_modules') &&
    existsSync(join(packageRoot, 'package-lock.json')) &&
    existsSync(join(packageRoot, 'src', 'main.ts'))
  )
}
