import type { Method, Route } from './route.ts'

/** All records of one path: what is not among them is 405, and Allow says what is. */
export interface PathVerbs {
  readonly path: string
  readonly verbs: ReadonlyMap<string, Route>
  readonly allow: string
  readonly isHot: boolean
  readonly lookUp: Route['lookUp']
}

/** One entry per path, in the order in which the records name it first: hot paths stay in front. */
export function byPath(routes: readonly Route[]): readonly PathVerbs[] {
  const paths = new Map<string, Map<Method, Route>>()
  for (const route of routes) {
    const verbs = paths.get(route.path) ?? new Map<Method, Route>()
    if (verbs.has(route.method)) throw new Error(`two records for ${route.method} ${route.path}`)
    paths.set(route.path, verbs.set(route.method, route))
  }
  return [...paths].map(([path, verbs]) => ({
    path,
    verbs,
    allow: [...verbs.keys()].toSorted().join(', '),
    isHot: [...verbs.values()].some(({ isHot }) => isHot === true),
    lookUp: [...verbs.values()].find(({ lookUp }) => lookUp !== undefined)?.lookUp,
  }))
}
