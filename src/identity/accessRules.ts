/** What an application credential may be used for, as its owner wrote it down in Keystone. */
export interface AccessRule {
  readonly service: string
  readonly method: string
  readonly path: string
}

/** A longer path is no path of ours, and matching costs path times pattern. */
const MAX_PATH = 2048

export function isAllowedBy(
  rules: readonly AccessRule[],
  request: { readonly service: string; readonly method: string; readonly path: string },
): boolean {
  return rules.some(
    (rule) =>
      rule.service === request.service &&
      rule.method === request.method &&
      matchesPattern(request.path, rule.path),
  )
}

type Piece = { readonly literal: string } | 'segment' | 'anything'

/**
 * Keystone's patterns: `*` and `{name}` stand for one path element, `**` for any number of them.
 * Patterns are written by users, so this walks once over all positions at the same time instead of
 * handing them to a regular expression that could be made to backtrack for hours.
 */
export function matchesPattern(path: string, pattern: string): boolean {
  if (path.length > MAX_PATH || pattern.length > MAX_PATH) return false
  let reached = new Uint8Array(path.length + 1)
  reached[0] = 1
  for (const piece of piecesOf(pattern)) reached = step(path, reached, piece)
  return reached[path.length] === 1
}

/** From the positions reached so far to those reached by one more piece of the pattern. */
function step(path: string, reached: Uint8Array, piece: Piece): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(path.length + 1)
  if (typeof piece === 'object') {
    for (let at = 0; at < path.length; at++) {
      if (reached[at] === 1 && path[at] === piece.literal) next[at + 1] = 1
    }
    return next
  }
  let isOpen = false
  for (let at = 0; at <= path.length; at++) {
    if (piece === 'anything') {
      isOpen ||= reached[at] === 1
      if (isOpen) next[at] = 1
      continue
    }
    // A path element has at least one character and no slash.
    if (at > 0 && path[at - 1] === '/') isOpen = false
    else if (at > 0 && isOpen) next[at] = 1
    isOpen ||= reached[at] === 1
  }
  return next
}

function piecesOf(pattern: string): readonly Piece[] {
  const pieces: Piece[] = []
  for (const [token] of pattern.matchAll(/\{[^}]*\}|\*\*|\*|./gs)) {
    if (token === '**') pieces.push('anything')
    else if (token === '*' || token.length > 1) pieces.push('segment')
    else pieces.push({ literal: token })
  }
  return pieces
}
