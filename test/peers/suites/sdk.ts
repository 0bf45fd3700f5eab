import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { clonesOf } from './clonesOf.ts'
import { NEWER, type Suite } from './suite.ts'
import type { SuiteCloud } from './suiteCloud.ts'

const ROLE = 'key-manager:service-admin'
const PARKED = 'parked-service-admin'

/** clouds.yaml, as JSON: every YAML reader takes it. */
const cloudsFile = (cloud: SuiteCloud): string => {
  const entry = (username: string, password: string, scope: object): object => ({
    auth: {
      auth_url: cloud.keystoneUrl,
      username,
      password,
      user_domain_name: 'Default',
      ...scope,
    },
    region_name: 'RegionOne',
    identity_api_version: '3',
  })
  const project = (name: string): object => ({
    project_name: name,
    project_domain_name: 'Default',
  })
  return JSON.stringify({
    clouds: {
      'devstack-admin': entry('admin', cloud.adminPassword, project('admin')),
      devstack: entry('demo', cloud.password, project('demo')),
      'devstack-alt': entry('alt_demo', cloud.password, project('alt_demo')),
      'devstack-system-admin': entry('admin', cloud.adminPassword, { system_scope: 'all' }),
    },
  })
}

/** openstacksdk's functional tests of its key manager. */
export const sdk: Suite = {
  repositories: ['openstacksdk', 'keystoneauth', 'os-service-types'],
  async prepare({ cloud, folder, clones }) {
    const packages = {
      openstack: 'openstacksdk',
      keystoneauth1: 'keystoneauth',
      os_service_types: 'os-service-types',
    }
    for (const [name, clone] of Object.entries(packages))
      await symlink(join(clonesOf(clones), clone, name), join(folder, name))
    const file = join(folder, 'clouds.yaml')
    await writeFile(file, cloudsFile(cloud), { mode: 0o600 })
    // One of its tests makes a role of this name, and removes it.
    await cloud.renameRole(ROLE, PARKED)
    return {
      testPath: './openstack/tests/functional/key_manager',
      workers: 1,
      // Five seconds otherwise, which a busy Keystone can take for itself.
      env: { ...NEWER, OS_CLIENT_CONFIG_FILE: file, HOME: folder, OS_TEST_TIMEOUT: '120' },
      after: async () => cloud.renameRole(PARKED, ROLE),
    }
  },
}
