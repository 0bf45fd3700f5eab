import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Child } from '../../test/peers/child.ts'
import { freePort } from '../../test/peers/freePort.ts'
import { onCore } from './onCore.ts'
import type { Served } from './served.ts'

const CONFIGURATIONS = resolve(import.meta.dirname, '../../deploy/haproxy')

export interface HaProxyRequest {
  readonly name: string
  readonly folder: string
  /** Below deploy/haproxy: as operators get it. */
  readonly file: string
  /** Certificate and key in one file, PEM. */
  readonly certificate: string
  /** An address or the path of a socket; both servers of the configuration are this one. */
  readonly node: Served
  readonly address: string
  readonly core: number | undefined
}

/** Debian's HAProxy in front of a node, on the node's core: what the two cost is counted together. */
export async function startHaProxy(request: HaProxyRequest): Promise<Served> {
  const { name, folder, file, certificate, node, address, core } = request
  const port = await freePort()
  const pem = join(folder, `${name}.pem`)
  await writeFile(pem, certificate, { mode: 0o600 })
  const program = ['/usr/sbin/haproxy', '-db', '-f', join(CONFIGURATIONS, file)]
  const [command = '', ...args] = onCore(core, program)
  const child = new Child({
    name,
    command,
    args,
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      GATEHOUSE_BIND: `127.0.0.1:${port}`,
      GATEHOUSE_ADMIN_SOCKET: join(folder, `${name}.sock`),
      GATEHOUSE_CERTIFICATE: pem,
      GATEHOUSE_NODE_1: address,
      GATEHOUSE_NODE_2: address,
    },
    logFile: join(folder, `${name}.log`),
  })
  return {
    origin: `https://127.0.0.1:${port}`,
    pid: child.pid,
    furtherPids: [node.pid],
    stop: async () => void (await child.stop()),
  }
}
