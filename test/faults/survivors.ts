import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../../src/db/database.ts'
import { Fault } from '../../src/lib/fault.ts'
import type { Secret } from '../../src/model/secret.ts'
import { plain, type WithMac } from '../contract/recordsForRepositories.ts'

/** Reads look four times a second whether their files are in place. */
export const NOTICED_AFTER_MS = 300

export function assertUnavailable(error: unknown): true {
  assert.ok(error instanceof Fault, String(error))
  assert.equal(error.kind, 'unavailable')
  assert.ok(Number(error.headers['Retry-After']) >= 1)
  return true
}

/** Inserts all at once. Answers those acknowledged; every other must have been told `unavailable`. */
export async function insertAll(
  database: Database,
  secrets: readonly WithMac<Secret>[],
): Promise<readonly WithMac<Secret>[]> {
  const answers = await Promise.allSettled(secrets.map((secret) => database.secrets.insert(secret)))
  return secrets.filter((_, index) => {
    const answer = answers[index]
    if (answer?.status === 'fulfilled') return answer.value === 'inserted'
    assertUnavailable(answer?.reason)
    return false
  })
}

export async function assertAllThere(
  database: Database,
  secrets: readonly WithMac<Secret>[],
): Promise<void> {
  for (const secret of secrets) {
    assert.deepEqual(plain(await database.secrets.find(secret.id)), plain(secret))
  }
}

/** Repeats until it is no longer unavailable: nobody restarts anything meanwhile. */
export async function healed<T>(work: () => Promise<T>, withinMs = 60_000): Promise<T> {
  const until = performance.now() + withinMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      assertUnavailable(error)
      if (performance.now() > until) throw error
      await delay(50)
    }
  }
}
