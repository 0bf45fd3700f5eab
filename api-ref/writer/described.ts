import type { Route } from '../../src/http/route.ts'
import type { Example } from './example.ts'

/** What the reference says about one operation; a route record is one. */
export interface Described
  extends Pick<
    Route,
    | 'path'
    | 'rules'
    | 'summary'
    | 'accepts'
    | 'body'
    | 'query'
    | 'shows'
    | 'showsPayload'
    | 'headers'
    | 'answers'
  > {
  readonly method: Route['method']
  /** Nobody asks for a token. */
  readonly isPublic?: true
  /** Answers are text, and refusals no errors of ours. */
  readonly isText?: true
}

/** One page: operations that belong together, with what no record can say about them. */
export interface Resource {
  /** File name of the page, and tag in the document. */
  readonly name: string
  readonly title: string
  /** Paragraphs about the whole. */
  readonly about: readonly string[]
  /** What a client meets, in the words of one who did; by `METHOD /path`. */
  readonly notes: Readonly<Record<string, readonly string[]>>
  owns(path: string): boolean
  readonly examples: readonly Example[]
  /** Operations that are decided before any route is looked for. */
  readonly operations?: readonly Described[]
}

/** The name of an operation in notes: its method and path. */
export function nameOf({ method, path }: Pick<Described, 'method' | 'path'>): string {
  return `${method} ${path}`
}
