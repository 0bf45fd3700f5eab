import { type Timestamp, Timestamps } from './timestamp.ts'

/** Time is passed in, so that a test can hold it still. */
export interface Clock {
  /** Wall clock, UTC, microseconds. */
  now(): Timestamp
  /** Wall clock in milliseconds since the epoch, for token expiry. */
  epochMs(): number
  /** Monotonic milliseconds, for ages and timeouts; no relation to the wall clock. */
  monotonicMs(): number
}

/** The monotonic clock gives the microseconds; a step of the wall clock (NTP, an admin) is followed. */
export function systemClock(): Clock {
  const followStepsOfMs = 5
  let originMs = performance.timeOrigin
  const timestamps = new Timestamps()
  return {
    now: () => {
      const wallMs = Date.now()
      if (Math.abs(originMs + performance.now() - wallMs) > followStepsOfMs) {
        originMs = wallMs - performance.now()
      }
      return timestamps.of(Math.floor((originMs + performance.now()) * 1000))
    },
    epochMs: () => Date.now(),
    monotonicMs: () => performance.now(),
  }
}
