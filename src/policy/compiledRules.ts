import { type Check, printCheck } from './check.ts'
import { DEFAULT_RULES, type RuleName } from './defaultRules.ts'
import { type TargetKind, vocabularyFor } from './facts.ts'
import { type Judge, RuleCompiler } from './ruleCompiler.ts'
import { RuleError } from './ruleError.ts'
import { parseRule } from './ruleLanguage.ts'
import { SHARED_RULES } from './sharedRules.ts'

/** One enforced rule, ready to be asked. */
export interface CompiledRule {
  readonly name: RuleName
  readonly target: TargetKind
  readonly judge: Judge
  readonly check: Check
}

export interface CompiledRules {
  readonly enforced: ReadonlyMap<RuleName, CompiledRule>
  /** Every rule as a tree, shared and operator's own ones included: what `rule:` refers to. */
  readonly all: ReadonlyMap<string, Check>
  readonly defaultRule: string
  /** Which defaults were compiled. */
  readonly enforceNewDefaults: boolean
  /** The compiler that made the judges, for asking parts of rules. */
  readonly compilerFor: (target: TargetKind) => RuleCompiler
  /** What an operator should know about their override, one sentence each. */
  readonly warnings: readonly string[]
}

export interface RuleSources {
  /** `[oslo_policy] enforce_new_defaults` */
  readonly enforceNewDefaults: boolean
  /** Rules of the operator's files, unparsed. One of a default's name replaces it in both modes. */
  readonly overrides?: ReadonlyMap<string, unknown>
  /** `[oslo_policy] policy_default_rule` */
  readonly defaultRule?: string
  /** `[DEFAULT] admin_role` */
  readonly adminRole?: string
}

/** @throws RuleError naming the first rule that cannot be enforced, and why */
export function compileRules(sources: RuleSources): CompiledRules {
  const { enforceNewDefaults, overrides = new Map<string, unknown>() } = sources
  const { defaultRule = 'default', adminRole = 'admin' } = sources
  const all = new Map<string, Check>()
  for (const rule of SHARED_RULES) all.set(rule.name, named(rule.name, rule.check))
  for (const rule of DEFAULT_RULES) {
    all.set(rule.name, named(rule.name, enforceNewDefaults ? rule.current : rule.legacy))
  }
  const known = new Set(all.keys())
  for (const [name, rule] of overrides) all.set(name, named(name, rule))

  const warnings = new Set<string>()
  const compilers = new Map<TargetKind, RuleCompiler>()
  const compilerFor = (kind: TargetKind): RuleCompiler => {
    const present = compilers.get(kind)
    if (present !== undefined) return present
    const vocabulary = vocabularyFor(kind, { enforceNewDefaults, adminRole })
    const onWarning = (warning: string): void => void warnings.add(warning)
    const compiler = new RuleCompiler({ rules: all, vocabulary, defaultRule, onWarning })
    compilers.set(kind, compiler)
    return compiler
  }

  const enforced = new Map<RuleName, CompiledRule>()
  for (const { name, target } of DEFAULT_RULES) {
    const check = all.get(name) ?? { kind: 'never' }
    enforced.set(name, { name, target, check, judge: compilerFor(target).rule(name) })
  }
  // A circle among rules that nothing enforces is a mistake all the same.
  for (const name of overrides.keys()) {
    if (!known.has(name))
      new RuleCompiler({
        rules: all,
        vocabulary: vocabularyFor('project', { enforceNewDefaults, adminRole }),
        defaultRule,
      }).rule(name)
  }
  warnings.add(unusedRules(overrides, known, all, defaultRule))
  warnings.delete('')
  return {
    enforced,
    all,
    defaultRule,
    enforceNewDefaults,
    compilerFor,
    warnings: [...warnings],
  }
}

function named(name: string, rule: unknown): Check {
  try {
    return parseRule(rule)
  } catch (error) {
    if (error instanceof RuleError) throw new RuleError(`rule "${name}": ${error.message}`)
    throw error
  }
}

/** Files written for the whole of Barbican are usual: their other rules are named once and do nothing. */
function unusedRules(
  overrides: ReadonlyMap<string, unknown>,
  known: ReadonlySet<string>,
  all: ReadonlyMap<string, Check>,
  defaultRule: string,
): string {
  const used = new Set<string>([defaultRule])
  const follow = (name: string): void => {
    if (used.has(name)) return
    used.add(name)
    const check = all.get(name)
    if (check !== undefined) for (const reference of references(check)) follow(reference)
  }
  for (const { name } of DEFAULT_RULES) follow(name)
  const unused = [...overrides.keys()].filter((name) => !used.has(name) && !known.has(name))
  return unused.length === 0 ? '' : `rules that nothing here asks for: ${unused.join(', ')}`
}

function references(check: Check): readonly string[] {
  switch (check.kind) {
    case 'rule':
      return [check.name]
    case 'not':
      return references(check.check)
    case 'and':
    case 'or':
      return check.checks.flatMap(references)
    default:
      return []
  }
}

/** The rule as one would write it into policy.yaml. */
export function ruleText(rules: CompiledRules, name: string): string {
  const check = rules.all.get(name)
  return check === undefined ? '!' : printCheck(check)
}
