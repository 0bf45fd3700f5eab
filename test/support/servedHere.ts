import type { ComposeGatehouse } from '../../src/cli/gatehouse.ts'
import { compose } from '../../src/compose.ts'
import { type CliRun, type freshEnvironment, runCli } from './runCli.ts'

export interface ServedHere {
  readonly address: string
  readonly run: CliRun
  /** SIGHUP, and all that follows it. */
  reload(): Promise<void>
}

/** The real server, in this process, on a port of the system's choice. */
export async function servedHere(env: ReturnType<typeof freshEnvironment>): Promise<ServedHere> {
  const { promise: address, resolve } = Promise.withResolvers<string>()
  let reload = async (): Promise<void> => undefined
  const listening: ComposeGatehouse = async (settings, parts) => {
    const gatehouse = await compose(settings, parts)
    reload = () => gatehouse.reload()
    return {
      listen: async () => {
        const { addresses } = await gatehouse.listen()
        setImmediate(() => resolve(addresses[0] ?? ''))
        return { addresses }
      },
      drain: (graceMs) => gatehouse.drain(graceMs),
      reload,
    }
  }
  const run = runCli({ args: ['serve'], env, compose: listening })
  const ended = run.code.then((code) => {
    throw new Error(`serve ended with ${code}: ${run.err()}`)
  })
  // Nobody waits for it once the address is known.
  ended.catch(() => undefined)
  return { address: await Promise.race([address, ended]), run, reload: () => reload() }
}
