import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Environment } from '../../../src/config/environment.ts'
import { freshFolder, runCli } from '../../support/runCli.ts'

interface CleansUp {
  after(work: () => void): unknown
}

/** Starts a real server, asks whether it is healthy, and stops it; it has to end well. */
export async function servedOnce(
  t: CleansUp,
  env: Environment,
  args: readonly string[] = [],
): Promise<void> {
  // Here, not above: the rooms of a server are heavy, and tests of documents alone should not wait for them.
  const { compose } = await import('../../../src/compose.ts')
  const run = runCli({
    args: ['serve', ...args],
    env: {
      OS_DEFAULT__BIND_PORT: '0',
      OS_ADMIN__BIND_PORT: '0',
      OS_DEFAULT__LOG_FILE: join(freshFolder(t), 'gatehouse.log'),
      ...env,
    },
    compose: async (settings, parts) => {
      const gatehouse = await compose(settings, parts)
      return {
        listen: async () => {
          const listening = await gatehouse.listen()
          const answer = await fetch(`${listening.addresses[0]}/healthcheck`)
          assert.equal(await answer.text(), 'OK')
          setImmediate(() => run.send('SIGTERM'))
          return listening
        },
        drain: (graceMs) => gatehouse.drain(graceMs),
      }
    },
  })
  assert.equal(await run.code, 0, run.err())
}
