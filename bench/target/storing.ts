import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { Child } from '../../test/peers/child.ts'
import { freePort } from '../../test/peers/freePort.ts'
import type { Fixture } from '../fixture/fixture.ts'
import { shippedNodeArgs } from './gatehouse.ts'
import { type Served, whenAnswering } from './served.ts'

export interface StoringRequest {
  readonly folder: string
  readonly fixture: Fixture
  /** At most so many commands share a transaction. */
  readonly commandsPerTransaction: number
  readonly fsyncDelayMs: number
}

/** A server on a copy of the fixture that does nothing else than the shipped one, but for these two numbers. */
export async function startStoring(request: StoringRequest): Promise<Served> {
  const { folder, fixture, commandsPerTransaction, fsyncDelayMs } = request
  const name = `storing-${commandsPerTransaction}`
  const state = join(folder, name)
  await cp(fixture.folder, state, { recursive: true })
  const port = await freePort()
  const script = join(import.meta.dirname, 'storingServer.ts')
  const [command = '', ...args] = withSlowerDisk(fsyncDelayMs, [
    process.execPath,
    ...shippedNodeArgs(),
    script,
    state,
    String(port),
    String(commandsPerTransaction),
  ])
  const child = new Child({
    name,
    command,
    args,
    cwd: folder,
    logFile: join(folder, `${name}.log`),
  })
  const origin = `http://127.0.0.1:${port}`
  await whenAnswering(child, `${origin}/healthcheck`)
  return { origin, pid: child.pid, stop: async () => void (await child.stop()) }
}

/**
 * The command, each of whose fsyncs takes longer. strace stops the thread that asked and no other, and
 * (-D) the command keeps the pid; by seccomp nothing but an fsync is looked at.
 */
function withSlowerDisk(delayMs: number, command: readonly string[]): readonly string[] {
  if (delayMs === 0) return command
  const delay = `inject=fsync,fdatasync:delay_exit=${delayMs * 1000}`
  const trace = ['-D', '-f', '--seccomp-bpf', '-qq', '-o', '/dev/null']
  return ['strace', ...trace, '-e', 'trace=fsync,fdatasync', '-e', delay, ...command]
}
