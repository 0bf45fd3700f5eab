import assert from 'node:assert/strict'
import { StartupRefusal } from '../../src/lib/startupRefusal.ts'

/** For assert.rejects: a refusal in one sentence, not an error that nobody foresaw. */
export function refusal(message: RegExp) {
  return (error: unknown): true => {
    assert.ok(error instanceof StartupRefusal, String(error))
    assert.match(error.message, message)
    return true
  }
}
