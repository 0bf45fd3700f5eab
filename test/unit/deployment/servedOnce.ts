import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Environment } from '../../../src/config/environment.ts'
import { type CliRequest, freshFolder, runCli } from '../../support/runCli.ts'

interface CleansUp {
  after(work: () => void): unknown
}

/** Starts a real server, asks whether it is healthy, and stops it; it has to end well. */
export async function servedOnce(
  t: CleansUp,
  env: Environment,
  args: readonly string[] = [],
  /** Where it speaks TLS: who signed its certificate. */
  ca?: string,
  program?: NonNullable<CliRequest['run']>,
): Promise<void> {
  // Here, not above: the rooms of a server are heavy, and tests of documents alone should not wait for them.
  const { compose } = await import('../../../src/compose.ts')
  const run = runCli({
    args: program === undefined ? ['serve', ...args] : args,
    ...(program !== undefined && { run: program }),
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
          assert.equal(await healthAt(`${listening.addresses[0]}/healthcheck`, ca), 'OK')
          setImmediate(() => run.send('SIGTERM'))
          return listening
        },
        drain: (graceMs) => gatehouse.drain(graceMs),
      }
    },
  })
  assert.equal(await run.code, 0, run.err())
}

async function healthAt(url: string, ca: string | undefined): Promise<string> {
  if (ca === undefined) return await (await fetch(url)).text()
  const [answer] = (await once(get(url, { ca }), 'response')) as [IncomingMessage]
  return await text(answer)
}
