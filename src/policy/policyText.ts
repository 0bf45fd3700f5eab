import { parseDocument, visit } from 'yaml'
import { RuleError } from './ruleError.ts'

/** The rules of one policy file, YAML or JSON, not yet parsed as rules. @throws RuleError */
export function rulesInText(text: string): ReadonlyMap<string, unknown> {
  const document = parseDocument(text, { version: '1.1', uniqueKeys: true, stringKeys: true })
  const [problem] = document.errors
  if (problem !== undefined) throw new RuleError(firstLine(problem.message))
  visit(document, {
    Node: (_key, node) => {
      if (node.tag !== undefined) refuseTag(node.tag)
    },
  })
  const content: unknown = contentOf(() => document.toJS({ maxAliasCount: 100 }))
  if (content === null || content === undefined) return new Map()
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new RuleError('a policy file maps names of rules to rules')
  }
  return new Map(Object.entries(content))
}

/** `rule: !` without quotes is, in YAML, a tag on an empty text, and an empty rule lets everybody in. */
function refuseTag(tag: string): never {
  throw new RuleError(
    `YAML tags have no place in a policy file; write "!" in quotes (found ${tag})`,
  )
}

/** Too many aliases are found while the document unfolds. */
function contentOf(unfold: () => unknown): unknown {
  try {
    return unfold()
  } catch (cause) {
    throw new RuleError(cause instanceof Error ? firstLine(cause.message) : 'not readable as YAML')
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}
