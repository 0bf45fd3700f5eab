import type { ProjectId } from '../../lib/ids.ts'
import type { Caller } from '../../model/requestContext.ts'

/** The header values identity may look at; names are lower-case. Everything else about a request is none of its business. */
export interface Credentials {
  readonly method: string
  /** Path below the endpoint, for access rules of application credentials. */
  readonly path: string
  header(name: string): string | undefined
  /** Every header the request has, in lower case. */
  headerNames(): readonly string[]
}

export interface Authenticator {
  /**
   * @throws Fault('unauthorized') with a WWW-Authenticate header where the scheme has one
   * @throws Fault('badRequest') noauth without X-Project-Id
   * @throws Fault('forbidden') noauth from a place it does not serve
   * @throws Fault('unavailable') Keystone is away and nothing cached may be served
   */
  authenticate(credentials: Credentials): Promise<Caller>
  /**
   * True where `authenticate` would name a caller without asking or computing anything that takes time. Cheap; must not
   * throw. What it says may be over when `authenticate` is called.
   */
  isAtHand(credentials: Credentials): boolean
}

/** Keystone's projects, as far as our service user may see them. */
export interface ProjectDirectory {
  /**
   * Shows that a project which is there would be found: the service user's own is, by its id and in a list.
   * @throws Fault('unavailable') when it is not, or Keystone cannot be asked
   */
  proveSight(): Promise<void>
  /**
   * 'missing' only when Keystone itself says that it has no project of this id, and sight was proven after.
   * @throws Fault('unavailable') for every other answer and for none
   */
  look(projectId: ProjectId): Promise<'present' | 'missing'>
}
