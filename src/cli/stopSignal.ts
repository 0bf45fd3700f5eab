import { EXIT_CODES } from './exitCodes.ts'
import type { Surroundings } from './surroundings.ts'

const ONE_SIGNAL_MS = 500

/**
 * The first signal stops, a later one does not wait. One Ctrl-C can arrive several times: from the
 * terminal, from npm, from the Node that started this one; those come together and count once.
 *
 * @param beforeExit what a second signal must not leave behind
 */
export function stopSignal(
  surroundings: Surroundings,
  beforeExit: () => void = () => undefined,
): Promise<string> {
  return new Promise((resolve) => {
    let stoppingSinceMs: number | undefined
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      surroundings.onSignal(name, () => {
        const nowMs = surroundings.monotonicMs()
        stoppingSinceMs ??= nowMs
        if (nowMs - stoppingSinceMs > ONE_SIGNAL_MS) {
          beforeExit()
          surroundings.exitNow(EXIT_CODES.interrupted.code)
        }
        resolve(name)
      })
    }
  })
}
