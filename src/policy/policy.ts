import { Fault } from '../lib/fault.ts'
import type { ProtectedRecord, Verified } from '../model/record.ts'
import type { RequestContext } from '../model/requestContext.ts'
import type { CompiledRule, CompiledRules } from './compiledRules.ts'
import type { ProjectRuleName, RecordRuleName, RuleName } from './defaultRules.ts'
import type { Grant } from './grant.ts'
import { needs } from './needs.ts'

/** One answer of the policy, for the audit stream. */
export interface Decision {
  readonly ctx: RequestContext
  readonly rule: RuleName
  /** What was asked about: a record, or the collection of the caller's project. */
  readonly kind: ProtectedRecord['kind'] | 'project'
  readonly id: string
  readonly projectId: string
  readonly allowed: boolean
}

export interface PolicyParts {
  readonly rules: CompiledRules
  /** Called for every decision, allowed or not. Must not throw. */
  readonly onDecision?: (decision: Decision) => void
}

const MAX_ROLES_SHOWN = 20

/** Who may do what. The only maker of grants. */
export class Policy {
  #rules: CompiledRules
  readonly #onDecision: ((decision: Decision) => void) | undefined

  constructor({ rules, onDecision }: PolicyParts) {
    this.#rules = rules
    this.#onDecision = onDecision
  }

  /** From the next decision on, these rules count. */
  replaceRules(rules: CompiledRules): void {
    this.#rules = rules
  }

  /** @throws Fault('forbidden') that names the rule and what it asks for */
  authorize<T extends ProtectedRecord, R extends RecordRuleName<T['kind']>>(
    ctx: RequestContext,
    rule: R,
    record: Verified<T>,
  ): Grant<R, T> {
    const compiled = this.#rule(rule)
    const allowed = compiled.judge(ctx.caller, record)
    this.#onDecision?.({
      ctx,
      rule,
      kind: record.kind,
      id: record.id,
      projectId: record.projectId,
      allowed,
    })
    if (!allowed) throw this.#refusal(ctx, compiled)
    return { rule, record } as Grant<R, T>
  }

  /** For collections: what is asked about is the caller's own project. @throws Fault('forbidden') */
  authorizeProject(ctx: RequestContext, rule: ProjectRuleName): void {
    const compiled = this.#rule(rule)
    const allowed = compiled.judge(ctx.caller, undefined)
    const { projectId } = ctx.caller
    this.#onDecision?.({ ctx, rule, kind: 'project', id: projectId, projectId, allowed })
    if (!allowed) throw this.#refusal(ctx, compiled)
  }

  #rule(name: RuleName): CompiledRule {
    const rule = this.#rules.enforced.get(name)
    if (rule === undefined) throw new Error(`no such policy rule: ${name}`)
    return rule
  }

  /** Says what the rule wants and what the caller brought, and nothing of the record. */
  #refusal(ctx: RequestContext, rule: CompiledRule): Fault {
    const roles = [...ctx.caller.roles]
    const shown = roles.slice(0, MAX_ROLES_SHOWN).join(', ') || 'none'
    const more = roles.length > MAX_ROLES_SHOWN ? ` and ${roles.length - MAX_ROLES_SHOWN} more` : ''
    return new Fault(
      'forbidden',
      `${rule.name} refused: it needs ${needs(rule.check, this.#rules)}; your roles: ${shown}${more}.`,
    )
  }
}
