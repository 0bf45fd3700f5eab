import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { clonesOf } from './clonesOf.ts'
import { NEWER, oslo, type Suite } from './suite.ts'
import type { SuiteCloud } from './suiteCloud.ts'

const passwords = (cloud: SuiteCloud): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['admin_a', 'creator_a', 'creator_a_2', 'observer_a', 'auditor_a']
      .concat(['admin_b', 'creator_b', 'observer_b', 'auditor_b'])
      .map((person) => [`${person}_password`, cloud.password]),
  )

/** Barbican's own functional tests; they log in as creators, observers and auditors, hence want the old rules. */
export const functional: Suite = {
  repositories: ['barbican'],
  async prepare({ cloud, stage, folder, clones }) {
    for (const name of ['functionaltests', 'barbican'])
      await symlink(join(clonesOf(clones), 'barbican', name), join(folder, name))
    await mkdir(join(folder, 'etc/barbican'), { recursive: true })
    const configuration = oslo({
      identity: {
        uri: cloud.keystoneUrl,
        version: 'v3',
        username: 'admin',
        password: cloud.adminPassword,
        project_name: 'admin',
        domain_name: 'Default',
        service_admin: 'service-admin',
        service_admin_password: cloud.password,
        service_admin_project: 'service',
        service_admin_domain: 'Default',
      },
      rbac_users: passwords(cloud),
      keymanager: {
        timeout: '60',
        server_host_href_set: String(stage.hasHostHref),
        server_multiple_backends_enabled: String(stage.hasSeveralStores),
      },
    })
    const file = join(folder, 'etc/barbican/barbican-functional.conf')
    await writeFile(file, configuration, { mode: 0o600 })
    return {
      testPath: './functionaltests',
      alone: 'test_quotas|ListingSecrets|test_secretstores',
      env: NEWER,
    }
  },
}
