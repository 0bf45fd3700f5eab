import type { Settings } from '../config/settingsTable.ts'
import type { KeystoneConnection, ServiceUser } from '../identity/keystoneOptions.ts'

/** How `[keystone_authtoken]` says that Keystone is reached, and by whom. */
export function keystoneConnection({
  keystone_authtoken: options,
}: Settings): KeystoneConnection & { readonly serviceUser: ServiceUser } {
  return {
    authUrl: options.auth_url ?? options.www_authenticate_uri ?? '',
    serviceUser: serviceUserOf(options),
    cafile: options.cafile,
    certfile: options.certfile,
    keyfile: options.keyfile,
    insecure: options.insecure,
    // keystonemiddleware means the whole call by it.
    timeoutSeconds: options.http_connect_timeout,
    connectTimeoutSeconds: Math.min(5, options.http_connect_timeout),
    maxRetries: options.http_request_max_retries,
  }
}

function serviceUserOf(options: Settings['keystone_authtoken']): ServiceUser {
  const user = {
    username: options.username,
    userId: options.user_id,
    userDomainName: options.user_domain_name,
    userDomainId: options.user_domain_id,
  }
  if (options.auth_type === 'v3applicationcredential') {
    return {
      applicationCredential: {
        ...user,
        id: options.application_credential_id,
        name: options.application_credential_name,
        secret: options.application_credential_secret ?? '',
      },
    }
  }
  return {
    password: {
      ...user,
      password: options.password ?? '',
      projectName: options.project_name,
      projectId: options.project_id,
      projectDomainName: options.project_domain_name,
      projectDomainId: options.project_domain_id,
    },
  }
}
