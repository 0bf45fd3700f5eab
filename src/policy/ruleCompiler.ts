import type { Caller } from '../model/requestContext.ts'
import type { Check, FactCheck, Template } from './check.ts'
import {
  type CallerFact,
  type Fact,
  factText,
  type JudgedRecord,
  type TargetFact,
  type Vocabulary,
} from './facts.ts'
import { RuleError } from './ruleError.ts'

/** A rule ready to be asked, once per request: nothing is parsed, looked up or allocated any more. */
export type Judge = (caller: Caller, record: JudgedRecord | undefined) => boolean

const allow: Judge = () => true
const refuse: Judge = () => false

export interface NamedCheck {
  readonly name: string
  readonly check: Check
}

export interface CompilerParts {
  readonly rules: ReadonlyMap<string, Check>
  readonly vocabulary: Vocabulary
  /** Stands in for rules that do not exist (`[oslo_policy] policy_default_rule`); without it they refuse. */
  readonly defaultRule: string
  /** Told what can never hold as written: an unknown rule, an attribute nobody has. */
  readonly onWarning?: (warning: string) => void
}

export class RuleCompiler {
  readonly #parts: CompilerParts
  readonly #done = new Map<string, Judge>()
  readonly #underWay: string[] = []

  constructor(parts: CompilerParts) {
    this.#parts = parts
  }

  get vocabulary(): Vocabulary {
    return this.#parts.vocabulary
  }

  /** What `rule:NAME` stands for: that rule, else the default rule, else nothing. */
  resolve(name: string): NamedCheck | undefined {
    const { rules, defaultRule } = this.#parts
    const found = rules.has(name) ? name : defaultRule
    const check = rules.get(found)
    return check === undefined ? undefined : { name: found, check }
  }

  /** @throws RuleError when rules refer to each other in a circle */
  rule(name: string): Judge {
    const resolved = this.resolve(name)
    if (resolved === undefined) return refuse
    const { name: found, check } = resolved
    const done = this.#done.get(found)
    if (done !== undefined) return done
    if (this.#underWay.includes(found)) {
      throw new RuleError(
        `rules refer to each other in a circle: ${[...this.#underWay, found].join(' -> ')}`,
      )
    }
    this.#underWay.push(found)
    const judge = this.compile(check)
    this.#underWay.pop()
    this.#done.set(found, judge)
    return judge
  }

  /** Any check, also one that is only a part of a rule. @throws RuleError */
  compile(check: Check): Judge {
    switch (check.kind) {
      case 'always':
        return allow
      case 'never':
        return refuse
      case 'not': {
        const inner = this.compile(check.check)
        return (caller, record) => !inner(caller, record)
      }
      case 'and':
        return every(check.checks.map((each) => this.compile(each)))
      case 'or':
        return some(check.checks.map((each) => this.compile(each)))
      case 'rule':
        if (!this.#parts.rules.has(check.name)) this.#warn(`there is no rule "${check.name}"`)
        return this.rule(check.name)
      case 'role':
        return this.#role(check.match)
      case 'fact':
        return this.#fact(check)
    }
  }

  #role(match: Template): Judge {
    const [only = ''] = match
    if (match.length <= 1 && typeof only === 'string') {
      const role = only.toLowerCase()
      return (caller) => caller.roles.has(role)
    }
    const wanted = this.#filled(match)
    if (wanted === undefined) return refuse
    return (caller, record) => {
      const role = wanted(caller, record)
      return role !== undefined && caller.roles.has(factText(role).toLowerCase())
    }
  }

  #fact({ text, left, match }: FactCheck): Judge {
    const right = this.#filled(match)
    if (right === undefined) return refuse
    if ('literal' in left) {
      const { literal } = left
      return (caller, record) => {
        const value = right(caller, record)
        return value !== undefined && factText(value) === literal
      }
    }
    const path = left.path.join('.')
    const { caller } = this.#parts.vocabulary
    const attribute = caller.get(path)
    // oslo.policy fails such a request with a 500; `not` of it must not become an open door here.
    const [first = '', ...deeper] = left.path
    if (attribute === undefined && deeper.length > 0 && caller.has(first)) {
      throw new RuleError(`"${text}": "${first}" of the caller has no parts`)
    }
    if (attribute === undefined) {
      this.#warn(`"${text}" never holds: callers have no attribute "${path}"`)
      return refuse
    }
    return isBareHole(match) ? sameFact(attribute, right) : sameText(attribute, right)
  }

  /** undefined when a hole names a fact this target does not have: then no check on it holds. */
  #filled(match: Template): TargetFact | undefined {
    const readers: TargetFact[] = []
    for (const part of match) {
      const reader =
        typeof part === 'string' ? () => part : this.#parts.vocabulary.target.get(part.target)
      if (reader === undefined) return undefined
      readers.push(reader)
    }
    const [only, ...more] = readers
    if (only === undefined) return () => ''
    if (more.length === 0) return only
    return (caller, record) => {
      let text = ''
      for (const reader of readers) {
        const value = reader(caller, record)
        if (value === undefined) return undefined
        text += factText(value)
      }
      return text
    }
  }

  #warn(warning: string): void {
    const rule = this.#underWay.at(-1)
    this.#parts.onWarning?.(rule === undefined ? warning : `rule "${rule}": ${warning}`)
  }
}

function every(judges: readonly Judge[]): Judge {
  return (caller, record) => {
    for (const judge of judges) if (!judge(caller, record)) return false
    return true
  }
}

function some(judges: readonly Judge[]): Judge {
  return (caller, record) => {
    for (const judge of judges) if (judge(caller, record)) return true
    return false
  }
}

function isBareHole(match: Template): boolean {
  return match.length === 1 && typeof match[0] === 'object'
}

/**
 * Attribute against fact. Nothing equals nothing (a secret without creator, a caller without user id),
 * as in oslo.policy; but unlike there, a user who is really called "None" is not nobody.
 */
function sameFact(attribute: CallerFact, right: TargetFact): Judge {
  return (caller, record) => {
    const wanted = right(caller, record)
    if (wanted === undefined) return false
    const has = attribute(caller)
    if (typeof has === 'string' && typeof wanted === 'string') return has === wanted
    if (has === null || wanted === null) return has === wanted
    return holds(has, factText(wanted))
  }
}

function sameText(attribute: CallerFact, right: TargetFact): Judge {
  return (caller, record) => {
    const wanted = right(caller, record)
    return wanted !== undefined && holds(attribute(caller), factText(wanted))
  }
}

function holds(has: Fact | readonly string[], wanted: string): boolean {
  if (has === undefined) return false
  // The only list is that of the roles, which are in lower case.
  if (typeof has === 'object' && has !== null) return has.includes(wanted.toLowerCase())
  return factText(has) === wanted
}
