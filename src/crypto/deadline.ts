/** Nobody answered in time. */
export class DeadlinePassed extends Error {
  constructor(timeoutMs: number) {
    super(`No answer within ${timeoutMs} ms.`)
    this.name = 'DeadlinePassed'
  }
}

/** Runs `work` with a signal that fires after `timeoutMs`, and does not wait for those who ignore it. */
export async function withDeadline<T>(
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const reason = new DeadlinePassed(timeoutMs)
    controller.abort(reason)
    reject(reason)
  }, timeoutMs)
  try {
    return await Promise.race([work(controller.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
