import { join } from 'node:path'
import { Child } from '../../test/peers/child.ts'
import { freePort } from '../../test/peers/freePort.ts'
import { onCore } from './onCore.ts'
import { type Served, whenAnswering } from './served.ts'

/** The bare node:http server that everything is compared with, on the core and the Node of the others. */
export async function startHello(folder: string, core: number | undefined): Promise<Served> {
  const port = await freePort()
  const script = join(import.meta.dirname, 'helloServer.ts')
  const [command = '', ...args] = onCore(core, [process.execPath, script, String(port)])
  const child = new Child({
    name: 'hello',
    command,
    args,
    cwd: folder,
    logFile: join(folder, 'hello.log'),
  })
  const origin = `http://127.0.0.1:${port}`
  await whenAnswering(child, origin)
  return { origin, pid: child.pid, stop: async () => void (await child.stop()) }
}
