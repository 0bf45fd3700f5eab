import type { PathVerbs } from './pathVerbs.ts'

export interface FoundPath {
  readonly verbs: PathVerbs
  readonly params: Readonly<Record<string, string>>
}

/** A path with one parameter, or with none: what stands before it and what behind. */
interface HotPath {
  readonly verbs: PathVerbs
  readonly before: string
  readonly parameter: string | undefined
  readonly after: string
}

const NO_PARAMS: Readonly<Record<string, string>> = {}

/**
 * The paths whose records say `isHot`, found by comparing text, ahead of the router: its general
 * matching costs as much as reading the database does (ADR 0011). What is not here, the router knows.
 */
export class HotPaths {
  readonly #paths: readonly HotPath[]

  constructor(paths: readonly PathVerbs[]) {
    this.#paths = paths.filter(({ isHot }) => isHot).map(hotPath)
  }

  find(path: string): FoundPath | undefined {
    // Escapes are the router's to decode.
    if (path.includes('%')) return undefined
    for (const { verbs, before, parameter, after } of this.#paths) {
      if (parameter === undefined) {
        if (path === before) return { verbs, params: NO_PARAMS }
      } else if (path.startsWith(before) && path.endsWith(after)) {
        const value = path.slice(before.length, path.length - after.length)
        if (value !== '' && !value.includes('/')) return { verbs, params: { [parameter]: value } }
      }
    }
    return undefined
  }
}

function hotPath(verbs: PathVerbs): HotPath {
  const [before = '', parameter, after = '', ...more] = verbs.path.split(/\{(\w+)\}/)
  if (more.length > 0) throw new Error(`a hot path has one parameter at most: ${verbs.path}`)
  return { verbs, before, parameter, after }
}
