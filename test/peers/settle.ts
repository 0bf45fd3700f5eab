import type { IdentityApi } from './identityApi.ts'

/** People by name, each with their roles in one project of the default domain. */
export type People = Readonly<
  Record<string, { readonly project: string; readonly roles: readonly string[] }>
>

/** Makes these people, their projects and roles, where they are not there already. */
export const settle = async (api: IdentityApi, people: People, password: string): Promise<void> => {
  for (const [name, { project, roles }] of Object.entries(people)) {
    const projectId = await api.ensure('project', project, { domain_id: 'default' })
    const userId = await api.ensure('user', name, { domain_id: 'default', password })
    for (const role of roles) {
      const roleId = await api.ensure('role', role)
      await api.send('PUT', `projects/${projectId}/users/${userId}/roles/${roleId}`)
    }
  }
}

/** Tells the catalog where the key manager is. */
export const announce = async (api: IdentityApi, keyManagerUrl: string): Promise<void> => {
  const serviceId = await api.ensure('service', 'barbican', { type: 'key-manager' })
  for (const place of ['public', 'internal', 'admin'])
    await api.send('POST', 'endpoints', {
      endpoint: {
        interface: place,
        region_id: 'RegionOne',
        service_id: serviceId,
        url: keyManagerUrl,
      },
    })
}
