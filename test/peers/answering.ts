import { setTimeout as delay } from 'node:timers/promises'
import type { Child } from './child.ts'

/** Resolves once `url` answers with a status below 500; says what the log holds when the process dies or takes too long. */
export const answering = async (child: Child, url: string, seconds: number): Promise<void> => {
  const deadline = performance.now() + seconds * 1000
  while (performance.now() < deadline && child.isRunning) {
    const status = await fetch(url, { signal: AbortSignal.timeout(10_000) }).then(
      async (response) => {
        await response.arrayBuffer()
        return response.status
      },
      () => 0,
    )
    if (status > 0 && status < 500) return
    await delay(50)
  }
  const end = child.isRunning ? `does not answer at ${url} after ${seconds} s` : 'ended by itself'
  throw new Error(`${child.name} ${end}; its log:\n${(await child.log()).slice(-4000)}`)
}
