import { type Check, printCheck } from './check.ts'
import type { CompiledRules } from './compiledRules.ts'

/** Facts that everybody meets, in words; what an operator invents is shown as they wrote it. */
const WORDS: Readonly<Record<string, string>> = {
  'project_id:%(target.secret.project_id)s': 'a token for its project',
  'project_id:%(target.container.project_id)s': 'a token for its project',
  'project_id:%(target.order.project_id)s': 'a token for its project',
  'user_id:%(target.secret.creator_id)s': 'being its creator',
  'user_id:%(target.container.creator_id)s': 'being its creator',
  'True:%(target.secret.read_project_access)s': 'no ACL that makes it private',
  "'True':%(target.secret.read_project_access)s": 'no ACL that makes it private',
  "'False':%(target.secret.read_project_access)s": 'an ACL that makes it private',
  "'read':%(target.secret.read)s": 'a place in its read ACL',
  'True:%(target.container.read_project_access)s': 'no ACL that makes it private',
  "'True':%(target.container.read_project_access)s": 'no ACL that makes it private',
  "'False':%(target.container.read_project_access)s": 'an ACL that makes it private',
  "'read':%(target.container.read)s": 'a place in its read ACL',
}
/** Rules that refer to rules can grow without bound when written out; an error message cannot. */
const MAX_CHARACTERS = 1000

/**
 * What a rule asks for, in words, with every `rule:` written out. Made from the rule alone, so it says
 * nothing about the record that was asked for.
 */
export function needs(check: Check, rules: CompiledRules): string {
  return new Wording(rules).of(check, undefined)
}

class Wording {
  readonly #rules: CompiledRules
  readonly #done = new Map<Check, string>()

  constructor(rules: CompiledRules) {
    this.#rules = rules
  }

  of(check: Check, around: 'and' | 'or' | 'not' | undefined): string {
    const resolved = this.#resolved(check)
    const text = this.#done.get(resolved) ?? this.#written(resolved)
    this.#done.set(resolved, text)
    const isJoined = resolved.kind === 'and' || resolved.kind === 'or'
    return isJoined && around !== undefined && around !== resolved.kind ? `(${text})` : text
  }

  #resolved(check: Check): Check {
    if (check.kind !== 'rule') return check
    const { all, defaultRule } = this.#rules
    const referred = all.get(check.name) ?? all.get(defaultRule)
    return referred === undefined ? { kind: 'never' } : this.#resolved(referred)
  }

  #written(check: Check): string {
    switch (check.kind) {
      case 'always':
        return 'nothing'
      case 'never':
        return 'what nobody has'
      case 'not': {
        const inner = this.of(check.check, 'not')
        return inner === 'an ACL that makes it private'
          ? 'no ACL that makes it private'
          : `not ${inner}`
      }
      case 'and':
      case 'or': {
        const parts = new Set(check.checks.map((each) => this.of(each, check.kind as 'and' | 'or')))
        const text = [...parts].join(` ${check.kind} `)
        return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text
      }
      case 'role':
        return `role ${check.text.slice('role:'.length)}`
      default:
        return WORDS[printCheck(check)] ?? printCheck(check)
    }
  }
}
