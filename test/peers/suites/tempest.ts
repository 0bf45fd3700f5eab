import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DEBIAN_PYTHON } from './debianPython.ts'
import { oslo, type Preparing, type Suite } from './suite.ts'

const PACKAGE = 'barbican_tempest_plugin'

const configuration = ({ cloud, stage, folder }: Preparing): string => {
  const secure = String(stage.isSecure)
  return oslo({
    DEFAULT: { log_file: join(folder, 'tempest.log'), use_stderr: 'false' },
    oslo_concurrency: { lock_path: join(folder, 'locks') },
    auth: {
      use_dynamic_credentials: 'true',
      create_isolated_networks: 'false',
      admin_username: 'admin',
      admin_password: cloud.adminPassword,
      admin_project_name: 'admin',
      admin_domain_name: 'Default',
      admin_user_domain_name: 'Default',
      admin_project_domain_name: 'Default',
      // With the old rules a plain member may do nothing; with the new ones there is no creator.
      ...(stage.isSecure ? { admin_system: 'all' } : { tempest_roles: 'creator' }),
    },
    identity: { auth_version: 'v3', uri_v3: cloud.keystoneUrl, region: 'RegionOne' },
    'identity-feature-enabled': { api_v2: 'false', api_v2_admin: 'false', api_v3: 'true' },
    service_available: {
      barbican: 'true',
      ...Object.fromEntries(
        ['cinder', 'glance', 'horizon', 'neutron', 'nova', 'swift'].map((name) => [name, 'false']),
      ),
    },
    enforce_scope: { barbican: secure, keystone: secure },
    // Releases up to 1.7 ask here.
    barbican_rbac_scope_verification: { enforce_scope: secure },
    key_manager: { region: 'RegionOne', min_microversion: '1.0', max_microversion: 'latest' },
    barbican_tempest: { enable_multiple_secret_stores: String(stage.hasSeveralStores) },
  })
}

/** barbican-tempest-plugin: the API for every stage, who may do what for the new rules. Its scenarios want a whole cloud. */
export const tempest: Suite = {
  repositories: ['barbican-tempest-plugin'],
  debianPackage: 'barbican-tempest-plugin',
  async prepare(preparing) {
    const { folder, clones, stage } = preparing
    const source = clones === undefined ? DEBIAN_PYTHON : join(clones, this.repositories[0])
    await mkdir(join(folder, 'locks'))
    await symlink(join(source, PACKAGE), join(folder, PACKAGE))
    await writeFile(join(folder, 'tempest.conf'), configuration(preparing), { mode: 0o600 })
    return {
      testPath: `./${PACKAGE}/tests`,
      only: `${PACKAGE}\\.tests\\.${stage.isSecure ? '(api|rbac)' : 'api'}\\.`,
      // Making the users of a class takes longer than its tests: no two workers shall make the same.
      together: '([^.]*\\.)*',
      env: { TEMPEST_CONFIG_DIR: folder, TEMPEST_CONFIG: 'tempest.conf' },
    }
  },
}
