import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DEBIAN_PYTHON } from './debianPython.ts'
import { NEWER, oslo, type Suite } from './suite.ts'

/** castellan's functional tests of its Barbican key manager. */
export const castellan: Suite = {
  repositories: ['castellan', 'python-barbicanclient', 'keystoneauth'],
  debianPackage: 'python3-castellan',
  async prepare({ cloud, folder, clones }) {
    const source = clones === undefined ? DEBIAN_PYTHON : join(clones, 'castellan')
    // A copy, for the tests of Vault are not about us and do not load everywhere.
    await cp(join(source, 'castellan'), join(folder, 'castellan'), {
      recursive: true,
      filter: (path) => !/__pycache__|test_vault_key_manager/.test(path),
    })
    if (clones !== undefined) {
      const besides = {
        barbicanclient: 'python-barbicanclient',
        keystoneauth1: 'keystoneauth',
      }
      for (const [name, clone] of Object.entries(besides))
        await symlink(join(clones, clone, name), join(folder, name))
    }
    await mkdir(join(folder, 'etc/castellan'), { recursive: true })
    const identity = {
      auth_url: cloud.keystoneUrl,
      username: 'alt_demo',
      password: cloud.password,
      project_name: 'alt_demo',
      user_domain_name: 'Default',
      project_domain_name: 'Default',
    }
    const functional = join(folder, 'etc/castellan/castellan-functional.conf')
    await writeFile(functional, oslo({ identity }), { mode: 0o600 })
    const global = join(folder, 'etc/castellan/castellan.conf')
    await writeFile(global, oslo({ barbican: { auth_endpoint: cloud.keystoneUrl } }))
    return {
      testPath: './castellan/tests/functional',
      only: 'test_barbican_key_manager',
      env: { ...(clones === undefined ? {} : NEWER), GATEHOUSE_SUITE_CONF: global },
    }
  },
}
