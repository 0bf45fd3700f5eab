import type { Authenticator, Credentials } from '../../src/domain/ports/identity.ts'
import { Fault } from '../../src/lib/fault.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import type { Caller } from '../../src/model/requestContext.ts'

/** Believes X-Project-Id, X-User-Id and X-Roles, and answers 401 as Keystone's stand-in would. */
export class HeaderAuthenticator implements Authenticator {
  /** While set, every answer waits for it. */
  gate: Promise<void> | undefined

  async authenticate({ header }: Credentials): Promise<Caller> {
    if (this.gate !== undefined) await this.gate
    const projectId = header('x-project-id')
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
      projectDomainId: null,
      strategy: 'noauth',
    }
  }
}
