import type { ProtectedRecord, Verified } from '../model/record.ts'
import type { RuleName } from './defaultRules.ts'

declare const granted: unique symbol

/**
 * Proof that a rule allowed this caller to do this to this very record. Only `Policy.authorize`
 * makes one; opening a payload takes a Grant<'secret:decrypt'>, so the compiler knows who may decrypt.
 */
export interface Grant<R extends RuleName, T extends ProtectedRecord> {
  readonly rule: R
  readonly record: Verified<T>
  readonly [granted]: true
}
