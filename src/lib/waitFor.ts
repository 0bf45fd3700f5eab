import { setTimeout } from 'node:timers/promises'

/** Returns early when the signal fires. Keeps no process alive, unless told to. */
export async function waitFor(ms: number, signal: AbortSignal, ref = false): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal, ref })
  } catch {
    // Aborted: whoever waits looks at the signal.
  }
}
