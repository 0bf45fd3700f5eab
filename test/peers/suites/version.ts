import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Suite } from './suite.ts'

const run = promisify(execFile)

/** Of what is run: `1.7.0-1` of a package, `7c5276f0f108 of 2026-07-24` of a clone. */
export const versionOf = async (suite: Suite, clones: string | undefined): Promise<string> => {
  if (clones === undefined) {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholder.
    const query = ['-W', '-f', '${Version}', suite.debianPackage ?? '']
    return (await run('dpkg-query', query)).stdout
  }
  const clone = join(clones, suite.repositories[0])
  const format = ['--no-show-signature', '--abbrev=12', '--format=%h of %cs']
  const git = ['-c', 'safe.directory=*', '-C', clone, 'log', '-1', ...format]
  return (await run('git', git)).stdout.trim()
}
