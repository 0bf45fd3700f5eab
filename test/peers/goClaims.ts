import { execFile } from 'node:child_process'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { claimsOf } from './claimsOf.ts'

const run = promisify(execFile)

/** Builds the Go program of claims in this folder with the libraries Debian installs, and runs it. */
export const goClaims = async (
  t: TestContext,
  name: string,
  workFolder: string,
  cloud: object,
): Promise<void> => {
  const command = join(workFolder, name)
  await run('go', ['build', '-o', command, '.'], {
    cwd: join(import.meta.dirname, name),
    env: {
      ...process.env,
      GO111MODULE: 'off',
      GOFLAGS: '',
      GOPATH: '/usr/share/gocode',
      GOCACHE: join(workFolder, 'go-build'),
    },
    signal: t.signal,
  })
  await claimsOf(t, { name, command, args: [], cloud })
}
