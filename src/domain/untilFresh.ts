import { unavailable } from '../lib/fault.ts'

const TRIES = 5

/**
 * A change that finds its record (or its project key) altered since it was read answers undefined,
 * and is judged anew from the start. Bounded: a record that never holds still is 503, not a spin.
 */
export async function untilFresh<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const outcome = await attempt()
    if (outcome !== undefined) return outcome
  }
  throw unavailable('The record keeps changing under this request; try again.')
}
