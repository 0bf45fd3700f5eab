import { randomInt } from 'node:crypto'

const STEPS = 2 ** 32

/** From 0 up to, not including, 1. For spreading retries in time; a secret is made in the crypto room. */
export function randomFraction(): number {
  return randomInt(STEPS) / STEPS
}
