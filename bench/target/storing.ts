import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { Child } from '../../test/peers/child.ts'
import { freePort } from '../../test/peers/freePort.ts'
import type { Fixture } from '../fixture/fixture.ts'
import { shippedNodeArgs } from './gatehouse.ts'
import { type Served, whenAnswering } from './served.ts'

/** A server on a copy of the fixture that puts at most so many commands into one transaction. */
export async function startStoring(
  folder: string,
  fixture: Fixture,
  commandsPerTransaction: number,
): Promise<Served> {
  const name = `storing-${commandsPerTransaction}`
  const state = join(folder, name)
  await cp(fixture.folder, state, { recursive: true })
  const port = await freePort()
  const script = join(import.meta.dirname, 'storingServer.ts')
  const child = new Child({
    name,
    command: process.execPath,
    args: [...shippedNodeArgs(), script, state, String(port), String(commandsPerTransaction)],
    cwd: folder,
    logFile: join(folder, `${name}.log`),
  })
  const origin = `http://127.0.0.1:${port}`
  await whenAnswering(child, `${origin}/healthcheck`)
  return { origin, pid: child.pid, stop: async () => void (await child.stop()) }
}
