import { type Check, joined } from './check.ts'
import { parseCheck } from './checkParser.ts'
import { RuleError } from './ruleError.ts'

/*
 * oslo.policy's rule language, read as oslo.policy 4.0 reads it: `not` binds closer than `and`, `and`
 * closer than `or`; words are split at white space; parentheses count only at the ends of a word.
 * What oslo.policy logs and then refuses at every request (a rule that does not parse) is an error here.
 */

const MAX_TEXT = 65_536
const MAX_DEPTH = 100

type Token = '(' | ')' | 'and' | 'or' | 'not' | { readonly check: string }

/** @throws RuleError */
export function parseRule(rule: unknown): Check {
  if (typeof rule === 'string') return parseText(rule)
  if (Array.isArray(rule)) return parseList(rule)
  throw new RuleError(
    'a rule is a text (or a list of lists of checks); write "@" to allow everybody and "!" to allow nobody',
  )
}

function parseText(text: string): Check {
  if (text === '') return { kind: 'always' }
  if (text.length > MAX_TEXT) throw new RuleError(`longer than ${MAX_TEXT} characters`)
  return new RuleReader(tokenize(text)).rule()
}

/** The old form: the outer list is joined by `or`, the inner ones by `and`. */
function parseList(rule: readonly unknown[]): Check {
  if (rule.length === 0) return { kind: 'always' }
  const alternatives: Check[] = []
  for (const inner of rule) {
    const words = typeof inner === 'string' ? [inner] : inner
    if (!Array.isArray(words)) throw new RuleError('a list rule holds checks and lists of checks')
    // oslo.policy skips empty inner lists (and texts), and a rule of nothing else refuses.
    if (words.length === 0 || inner === '') continue
    alternatives.push(joined('and', words.map(listedCheck)))
  }
  return alternatives.length === 0 ? { kind: 'never' } : joined('or', alternatives)
}

function listedCheck(word: unknown): Check {
  if (typeof word !== 'string') throw new RuleError('a list rule holds checks and lists of checks')
  return parseCheck(word)
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  for (const word of text.split(/\s+/)) {
    let start = 0
    while (word[start] === '(') start++
    let end = word.length
    while (end > start && word[end - 1] === ')') end--
    for (let i = 0; i < start; i++) tokens.push('(')
    if (end > start) {
      if (end === word.length) refuseText(word.slice(start))
      tokens.push(token(word.slice(start, end)))
    }
    for (let i = end; i < word.length; i++) tokens.push(')')
  }
  return tokens
}

/** oslo.policy takes a word in quotes for a text, and no rule has a place for one. */
function refuseText(word: string): void {
  const [quote] = word
  if ((quote === "'" || quote === '"') && word.length >= 2 && word.endsWith(quote)) {
    throw new RuleError(`${word} is a text, and no check`)
  }
}

function token(word: string): Token {
  const lower = word.toLowerCase()
  return lower === 'and' || lower === 'or' || lower === 'not' ? lower : { check: word }
}

class RuleReader {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  rule(): Check {
    const check = this.#or()
    if (this.#at < this.#tokens.length)
      throw new RuleError(`"${this.#here()}" is not expected after a complete rule`)
    return check
  }

  #or(): Check {
    const checks = [this.#and()]
    while (this.#takes('or')) checks.push(this.#and())
    return joined('or', checks)
  }

  #and(): Check {
    const checks = [this.#not()]
    while (this.#takes('and')) checks.push(this.#not())
    return joined('and', checks)
  }

  #not(): Check {
    if (!this.#takes('not')) return this.#primary()
    return this.#deeper(() => ({ kind: 'not', check: this.#not() }))
  }

  #primary(): Check {
    if (this.#takes('(')) {
      const inner = this.#deeper(() => this.#or())
      if (!this.#takes(')')) throw new RuleError('a ")" is missing')
      return inner
    }
    const next = this.#tokens[this.#at]
    if (typeof next !== 'object') throw new RuleError(`a check is missing before "${this.#here()}"`)
    this.#at++
    return parseCheck(next.check)
  }

  #deeper(read: () => Check): Check {
    if (this.#depth >= MAX_DEPTH) throw new RuleError(`nested deeper than ${MAX_DEPTH}`)
    this.#depth++
    const check = read()
    this.#depth--
    return check
  }

  #takes(token: Token): boolean {
    if (this.#tokens[this.#at] !== token) return false
    this.#at++
    return true
  }

  #here(): string {
    const next = this.#tokens[this.#at]
    if (next === undefined) return 'end of rule'
    return typeof next === 'object' ? next.check : next
  }
}
