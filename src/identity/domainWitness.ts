import { LRUCache } from 'lru-cache'
import type { Authenticator, Credentials } from '../domain/ports/identity.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { Caller } from '../model/requestContext.ts'

/** Far more than there are requests at once: what a request needs was noted when it came. */
const MOST_PROJECTS = 50_000

/**
 * Remembers which domain the tokens of a project name; Keystone never moves a project to another one. Who makes keys
 * asks here and not in the database, where somebody may have written (ADR 0057).
 */
export class DomainWitness implements Authenticator {
  readonly #authenticator: Authenticator
  readonly #domains = new LRUCache<ProjectId, string>({ max: MOST_PROJECTS })

  constructor(authenticator: Authenticator) {
    this.#authenticator = authenticator
  }

  async authenticate(credentials: Credentials): Promise<Caller> {
    const caller = await this.#authenticator.authenticate(credentials)
    if (caller.projectDomainId !== null) {
      this.#domains.set(caller.projectId, caller.projectDomainId)
    }
    return caller
  }

  isAtHand(credentials: Credentials): boolean {
    return this.#authenticator.isAtHand(credentials)
  }

  /** undefined: no token of this project has come to this process. */
  domainOf(projectId: ProjectId): string | undefined {
    return this.#domains.get(projectId)
  }
}
