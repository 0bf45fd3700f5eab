import { unavailable } from '../lib/fault.ts'

/** More than any client sends at once; what comes later is told to come again, not kept waiting. */
const MOST_WAITING = 64

interface Queue {
  last: Promise<unknown>
  size: number
}

/**
 * Changes of one record that come at once to this process go one after the other. Without it every one
 * that verified the same MAC but the first would find it stale, and of many the last would run out of
 * tries. Other processes are what `untilFresh` is for.
 */
export class Turns {
  readonly #queues = new Map<string, Queue>()

  async take<T>(recordId: string, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(recordId) ?? { last: Promise.resolve(), size: 0 }
    if (queue.size > MOST_WAITING) throw unavailable(`Too many changes of ${recordId} at once.`)
    this.#queues.set(recordId, queue)
    queue.size += 1
    // How the one before ended is its caller's affair.
    const mine = queue.last.then(work, work)
    queue.last = mine
    try {
      return await mine
    } finally {
      queue.size -= 1
      if (queue.size === 0) this.#queues.delete(recordId)
    }
  }
}
