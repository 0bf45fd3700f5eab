import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'

export interface Killed {
  readonly output: string
  readonly isReady: boolean
}

/**
 * Starts a victim and kills it without warning: `afterMs` after it said `ready`, or after its start
 * when that is what the test is about. A victim that ends by itself is a failure of its own.
 */
export async function killAtRandom(
  start: () => ChildProcess,
  from: 'ready' | 'start',
  afterMs: number,
): Promise<Killed> {
  const victim = start()
  let output = ''
  let complaints = ''
  victim.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  const isReady = new Promise<void>((resolve) => {
    victim.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.startsWith('ready\n')) resolve()
    })
  })
  const closed = once(victim, 'close')
  const signal = AbortSignal.timeout(120_000)
  if (from === 'ready') await Promise.race([isReady, closed, once(signal, 'abort')])
  await delay(afterMs)
  const hadEnded = victim.exitCode !== null
  victim.kill('SIGKILL')
  await closed
  if (hadEnded) throw new Error(`The victim ended before it was killed: ${complaints}`)
  return { output, isReady: output.startsWith('ready\n') }
}

/** A Node process on a script of ours. */
export function startNode(script: string, ...args: readonly string[]): () => ChildProcess {
  return () => spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}
