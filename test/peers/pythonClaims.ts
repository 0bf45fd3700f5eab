import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { claimsOf } from './claimsOf.ts'

/** Runs a Python program of claims (claims.py). */
export const pythonClaims = async (
  t: TestContext,
  program: string,
  args: readonly string[],
  cloud: object,
): Promise<void> =>
  claimsOf(t, {
    name: program,
    command: '/usr/bin/python3',
    args: [join(import.meta.dirname, program), ...args],
    cloud,
  })
