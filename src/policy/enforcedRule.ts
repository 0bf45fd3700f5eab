import type { TargetKind } from './facts.ts'

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
}

/** A rule that guards something. */
export interface EnforcedRule {
  readonly name: string
  readonly target: TargetKind
  /** In force unless `[oslo_policy] enforce_new_defaults` says otherwise: Barbican's roles. */
  readonly legacy: string
  /** In force with `enforce_new_defaults = True`: admin, member and reader. */
  readonly current: string
  readonly description: string
  readonly operations: readonly Operation[]
  readonly scopeTypes: readonly 'project'[]
}
