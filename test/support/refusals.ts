import assert from 'node:assert/strict'
import { Fault } from '../../src/lib/fault.ts'
import { StartupRefusal } from '../../src/lib/startupRefusal.ts'

/** For assert.rejects: a refusal in one sentence, not an error that nobody foresaw. */
export function refusal(message: RegExp) {
  return (error: unknown): true => {
    assert.ok(error instanceof StartupRefusal, String(error))
    assert.match(error.message, message)
    return true
  }
}

/** The same for what a client would hear of. */
export function faultOf(kind: Fault['kind'], message = /./) {
  return (error: unknown): true => {
    assert.ok(error instanceof Fault, String(error))
    assert.equal(error.kind, kind)
    assert.match(error.message, message)
    return true
  }
}
