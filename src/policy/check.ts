/** A policy rule as a tree. It is kept after compiling, for explanations and documents. */
export type Check =
  | { readonly kind: 'always' }
  | { readonly kind: 'never' }
  | { readonly kind: 'not'; readonly check: Check }
  | { readonly kind: 'and' | 'or'; readonly checks: readonly Check[] }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'role'; readonly text: string; readonly match: Template }
  | FactCheck

/** `left:right`: what the caller is (or a literal) must equal what the target is. */
export interface FactCheck {
  readonly kind: 'fact'
  /** As written, for printing. */
  readonly text: string
  readonly left: { readonly literal: string } | { readonly path: readonly string[] }
  readonly match: Template
}

/** Text with holes that facts of the target fill: `%(target.secret.project_id)s`. */
export type Template = readonly (string | { readonly target: string })[]

/** The language has no precedence surprises this way: every and/or stands in its own parentheses. */
export function printCheck(check: Check): string {
  switch (check.kind) {
    case 'always':
      return '@'
    case 'never':
      return '!'
    case 'not':
      return `not ${printCheck(check.check)}`
    case 'and':
    case 'or':
      return `(${check.checks.map(printCheck).join(` ${check.kind} `)})`
    case 'rule':
      return `rule:${check.name}`
    case 'role':
    case 'fact':
      return check.text
  }
}

/** Joins checks, so that `a and (b and c)` and `(a and b) and c` are the same tree. */
export function joined(kind: 'and' | 'or', checks: readonly Check[]): Check {
  const flat = checks.flatMap((check) => (check.kind === kind ? check.checks : [check]))
  const [only] = flat
  return flat.length === 1 && only !== undefined ? only : { kind, checks: flat }
}
