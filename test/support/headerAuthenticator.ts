import type { Authenticator, Credentials } from '../../src/domain/ports/identity.ts'
import { Fault } from '../../src/lib/fault.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import type { Caller } from '../../src/model/requestContext.ts'

/** Believes X-Project-Id, X-Project-Domain-Id, X-User-Id and X-Roles, and answers 401 as Keystone's stand-in would. */
export class HeaderAuthenticator implements Authenticator {
  /** How many have come so far. */
  asked = 0
  /** While set, every answer waits for it. */
  gate: Promise<void> | undefined
  /** Projects whose callers would have to be asked about first. */
  readonly strangers = new Set<string>()
  /** While set, theirs do. */
  gateOfStrangers: Promise<void> | undefined

  isAtHand({ header }: Credentials): boolean {
    const projectId = header('x-project-id')
    return projectId !== undefined && !this.strangers.has(projectId)
  }

  async authenticate({ header }: Credentials): Promise<Caller> {
    this.asked += 1
    if (this.gate !== undefined) await this.gate
    const projectId = header('x-project-id')
    if (projectId !== undefined && this.strangers.has(projectId)) await this.gateOfStrangers
    if (projectId === undefined) {
      throw new Fault('unauthorized', 'A token is wanted.', {
        headers: { 'WWW-Authenticate': 'Keystone uri="http://keystone.example/"' },
      })
    }
    return {
      userId: header('x-user-id') ?? null,
      projectId: projectId as ProjectId,
      roles: new Set((header('x-roles') ?? '').toLowerCase().split(',')),
      domainId: null,
      userDomainId: null,
      projectDomainId: header('x-project-domain-id') ?? null,
      strategy: 'noauth',
    }
  }
}
