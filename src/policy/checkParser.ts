import type { Check, FactCheck, Template } from './check.ts'
import { RuleError } from './ruleError.ts'

/** One check, such as `role:admin` or `project_id:%(target.secret.project_id)s`. @throws RuleError */
export function parseCheck(text: string): Check {
  if (text === '@') return { kind: 'always' }
  if (text === '!') return { kind: 'never' }
  const colon = text.indexOf(':')
  if (colon < 0) throw new RuleError(`"${text}" is no check: it needs the form kind:value`)
  const kind = text.slice(0, colon)
  const match = text.slice(colon + 1)
  if (kind === 'http' || kind === 'https') {
    throw new RuleError(
      `"${text}": ${kind}: checks are not supported, because every decision would wait for another server; write the condition as a rule`,
    )
  }
  if (kind === 'rule') return { kind: 'rule', name: match }
  if (kind === 'role') return { kind: 'role', text, match: parseTemplate(match) }
  return { kind: 'fact', text, left: parseLeft(kind, text), match: parseTemplate(match) }
}

const NAME = /^[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*$/
const QUOTED = /^'[^'\\]*'$|^"[^"\\]*"$/
const INTEGER = /^(0|-?[1-9][0-9]*)$/

/**
 * oslo.policy reads the left side as a Python literal first, and else as a path into the caller's attributes.
 * Quoted texts, integers, True, False and None are the literals of real policies; other ones are refused, not guessed.
 */
function parseLeft(kind: string, text: string): FactCheck['left'] {
  if (QUOTED.test(kind)) return { literal: kind.slice(1, -1) }
  if (INTEGER.test(kind) || kind === 'True' || kind === 'False' || kind === 'None') {
    return { literal: kind }
  }
  if (NAME.test(kind)) return { path: kind.split('.') }
  throw new RuleError(
    `"${text}": "${kind}" is neither an attribute of the caller nor a 'text', a number, True, False or None`,
  )
}

const HOLE = /%(?:%|\(([^()]*)\)s)/y

/** Python's `%(name)s`, and `%%` for a per cent sign. */
function parseTemplate(text: string): Template {
  const parts: (string | { readonly target: string })[] = []
  let plain = ''
  let at = 0
  while (at < text.length) {
    if (text[at] !== '%') {
      plain += text[at++]
      continue
    }
    HOLE.lastIndex = at
    const hole = HOLE.exec(text)
    if (hole === null) throw new RuleError(`"${text}": a % must begin %(name)s`)
    at = HOLE.lastIndex
    if (hole[1] === undefined) {
      plain += '%'
    } else {
      if (plain !== '') parts.push(plain)
      plain = ''
      parts.push({ target: hole[1] })
    }
  }
  if (plain !== '') parts.push(plain)
  return parts
}
