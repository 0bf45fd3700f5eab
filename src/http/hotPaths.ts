import type { PathVerbs } from './pathVerbs.ts'

export interface FoundPath {
  readonly verbs: PathVerbs
  readonly params: Readonly<Record<string, string>>
}

interface HotPath {
  readonly verbs: PathVerbs
  readonly segments: readonly string[]
}

/**
 * The paths whose records say `isHot`, found by comparing segments, ahead of the router: its general
 * matching costs as much as reading the database does (ADR 0011). What is not here, the router knows.
 */
export class HotPaths {
  readonly #paths: readonly HotPath[]

  constructor(paths: readonly PathVerbs[]) {
    this.#paths = paths
      .filter(({ isHot }) => isHot)
      .map((verbs) => ({ verbs, segments: verbs.path.split('/') }))
  }

  find(path: string): FoundPath | undefined {
    // Escapes are the router's to decode.
    if (path.includes('%')) return undefined
    const asked = path.split('/')
    for (const { verbs, segments } of this.#paths) {
      const params = segments.length === asked.length ? paramsOf(segments, asked) : undefined
      if (params !== undefined) return { verbs, params }
    }
    return undefined
  }
}

function paramsOf(
  segments: readonly string[],
  asked: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const params: Record<string, string> = {}
  // From the end, where paths of one length differ.
  for (let at = segments.length - 1; at > 0; at -= 1) {
    const segment = segments[at] ?? ''
    const value = asked[at] ?? ''
    if (segment.startsWith('{')) params[segment.slice(1, -1)] = value
    else if (segment !== value) return undefined
  }
  return params
}
