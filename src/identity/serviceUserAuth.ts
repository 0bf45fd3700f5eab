import type { ApplicationCredentialUser, PasswordUser, ServiceUser } from './keystoneOptions.ts'

/** The body of POST /v3/auth/tokens for the service user. */
export function authRequestBody(user: ServiceUser): string {
  return JSON.stringify({
    auth:
      'password' in user ? withPassword(user.password) : withCredential(user.applicationCredential),
  })
}

function withPassword(user: PasswordUser): unknown {
  return {
    identity: {
      methods: ['password'],
      password: { user: { ...userReference(user), password: user.password } },
    },
    scope: scopeOf(user),
  }
}

function withCredential(credential: ApplicationCredentialUser): unknown {
  const { id, name, secret } = credential
  // The credential brings its scope along.
  return {
    identity: {
      methods: ['application_credential'],
      application_credential:
        id === undefined ? { name, secret, user: userReference(credential) } : { id, secret },
    },
  }
}

interface UserNames {
  readonly username?: string | undefined
  readonly userId?: string | undefined
  readonly userDomainName?: string | undefined
  readonly userDomainId?: string | undefined
}

function userReference({ username, userId, userDomainId, userDomainName }: UserNames): object {
  return userId === undefined
    ? { name: username, domain: domainReference(userDomainId, userDomainName) }
    : { id: userId }
}

function scopeOf(user: PasswordUser): unknown {
  if (user.systemScope === 'all') return { system: { all: true } }
  if (user.projectId !== undefined) return { project: { id: user.projectId } }
  if (user.projectName === undefined) return undefined
  const domain = domainReference(user.projectDomainId, user.projectDomainName)
  return { project: { name: user.projectName, domain } }
}

function domainReference(id: string | undefined, name: string | undefined): object {
  return id === undefined && name !== undefined ? { name } : { id: id ?? 'default' }
}
