import type { Caller } from '../model/requestContext.ts'
import { type Check, type FactCheck, printCheck, type Template } from './check.ts'
import type { CompiledRule, CompiledRules } from './compiledRules.ts'
import { factText, type JudgedRecord } from './facts.ts'
import type { RuleCompiler } from './ruleCompiler.ts'

/** One check of a decision, with the checks it is made of. */
export interface Step {
  readonly check: Check
  readonly isAllowed: boolean
  /** What was compared, or why it cannot hold. Empty where the steps below say it. */
  readonly because: string
  readonly steps: readonly Step[]
}

/**
 * Why a rule lets somebody in or not. Every check is judged by the compiler that made the judge of the
 * rule: there is no second reading of the language that could come to another verdict.
 */
export function explain(
  rules: CompiledRules,
  { name, target }: CompiledRule,
  caller: Caller,
  record: JudgedRecord | undefined,
): Step {
  return new Explainer(rules.compilerFor(target), caller, record).step({ kind: 'rule', name })
}

class Explainer {
  readonly #compiler: RuleCompiler
  readonly #caller: Caller
  readonly #record: JudgedRecord | undefined
  /** Rules that refer to rules can grow without bound when written out; each is written out once. */
  readonly #shown = new Set<string>()

  constructor(compiler: RuleCompiler, caller: Caller, record: JudgedRecord | undefined) {
    this.#compiler = compiler
    this.#caller = caller
    this.#record = record
  }

  step(check: Check): Step {
    const isAllowed = this.#compiler.compile(check)(this.#caller, this.#record)
    return { check, isAllowed, ...this.#reasons(check) }
  }

  #reasons(check: Check): Pick<Step, 'because' | 'steps'> {
    switch (check.kind) {
      case 'always':
        return leaf('allows everybody')
      case 'never':
        return leaf('allows nobody')
      case 'not':
        return { because: '', steps: [this.step(check.check)] }
      case 'and':
      case 'or':
        return { because: '', steps: check.checks.map((each) => this.step(each)) }
      case 'rule':
        return this.#rule(check.name)
      case 'role':
        return leaf(this.#role(check.match))
      case 'fact':
        return leaf(this.#fact(check))
    }
  }

  #rule(name: string): Pick<Step, 'because' | 'steps'> {
    const resolved = this.#compiler.resolve(name)
    if (resolved === undefined) return leaf('there is no such rule, and no default rule')
    const isSmall = !['rule', 'and', 'or', 'not'].includes(resolved.check.kind)
    if (this.#shown.has(resolved.name) && !isSmall) return leaf('as above')
    this.#shown.add(resolved.name)
    const because = resolved.name === name ? '' : `there is no such rule: ${resolved.name} counts`
    return { because, steps: [this.step(resolved.check)] }
  }

  #role(match: Template): string {
    const roles = [...this.#caller.roles].join(', ') || 'none'
    return [...this.#holes(match), `roles: ${roles}`].join('; ')
  }

  #fact({ left, match }: FactCheck): string {
    const target = this.#holes(match)
    if ('literal' in left) return target.join('; ') || 'two texts'
    const name = left.path.join('.')
    const attribute = this.#compiler.vocabulary.caller.get(name)
    if (attribute === undefined) return `callers have no attribute ${name}`
    const value = attribute(this.#caller)
    const text =
      typeof value === 'object' && value !== null ? value.join(', ') : factText(value ?? null)
    return [`${name} is ${text}`, ...target].join('; ')
  }

  /** The facts of the target that a text asks for, with their values. */
  #holes(match: Template): string[] {
    return match.flatMap((part) => {
      if (typeof part === 'string') return []
      const read = this.#compiler.vocabulary.target.get(part.target)
      if (read === undefined) return [`${part.target} is no fact here`]
      const value = read(this.#caller, this.#record)
      return [`${part.target} is ${value === undefined ? 'not there' : factText(value)}`]
    })
  }
}

function leaf(because: string): Pick<Step, 'because' | 'steps'> {
  return { because, steps: [] }
}

const JOINED: Partial<Record<Check['kind'], string>> = { and: 'all of', or: 'any of', not: 'not' }

/** The steps as an indented list, one line each. A rule and what it stands for share a line. */
export function explanationLines(
  step: Step,
  originOf: (rule: string) => string | undefined,
): readonly string[] {
  const lines: string[] = []
  const write = (at: Step, depth: number): void => {
    const verdict = at.isAllowed ? 'yes' : 'no '
    const words: string[] = []
    const reasons: string[] = []
    let last = at
    for (;;) {
      words.push(JOINED[last.check.kind] ?? printCheck(last.check))
      if (last.because !== '') reasons.push(last.because)
      const origin = last.check.kind === 'rule' ? originOf(last.check.name) : undefined
      if (origin !== undefined) reasons.push(`from ${origin}`)
      const [only] = last.steps
      if (last.check.kind !== 'rule' || only === undefined) break
      last = only
    }
    const why = reasons.length === 0 ? '' : `   [${reasons.join('; ')}]`
    lines.push(`${verdict} ${'  '.repeat(depth)}${words.join(' = ')}${why}`)
    for (const each of last.steps) write(each, depth + 1)
  }
  write(step, 0)
  return lines
}
