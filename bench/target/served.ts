import { setTimeout as delay } from 'node:timers/promises'
import type { Child } from '../../test/peers/child.ts'

/** A server under load, whichever it is. */
export interface Served {
  readonly origin: string
  readonly pid: number
  /** Processes that take part in every answer, such as a proxy in front. */
  readonly furtherPids?: readonly number[]
  stop(): Promise<void>
}

/** Asks every few milliseconds, so that the time until it answers can be told. */
export async function whenAnswering(child: Child, url: string): Promise<void> {
  const deadlineMs = performance.now() + 60_000
  while (child.isRunning && performance.now() < deadlineMs) {
    const isUp = await fetch(url).then(
      async (answer) => {
        await answer.arrayBuffer()
        return true
      },
      () => false,
    )
    if (isUp) return
    await delay(5)
  }
  throw new Error(`${child.name} does not answer at ${url}: ${(await child.log()).slice(-2000)}`)
}
