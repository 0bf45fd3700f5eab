import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { clonesOf } from './clonesOf.ts'
import { NEWER, oslo, type Suite } from './suite.ts'

/** The entry points of a setup.cfg in the form in which installed packages have them. */
export const entryPoints = (setup: string): string => {
  const section = /^\[entry_points\]\n((?:(?!\[).*\n?)*)/m.exec(setup)?.[1]
  if (section === undefined) throw new Error('this setup.cfg names no entry points')
  return section.replaceAll(/^(\S+)\s*=\s*$/gm, '[$1]').replaceAll(/^\s+(?=\S)/gm, '')
}

/** python-barbicanclient's functional tests, of its library and of its commands. */
export const client: Suite = {
  repositories: ['python-barbicanclient', 'keystoneauth'],
  async prepare({ cloud, folder, clones }) {
    const clone = join(clonesOf(clones), 'python-barbicanclient')
    for (const name of ['functionaltests', 'barbicanclient'])
      await symlink(join(clone, name), join(folder, name))
    await symlink(
      join(clonesOf(clones), 'keystoneauth', 'keystoneauth1'),
      join(folder, 'keystoneauth1'),
    )
    // So that its command line finds its own commands and not the older ones of Debian's package.
    const metadata = join(folder, 'python_barbicanclient-99.dist-info')
    await mkdir(metadata)
    await writeFile(
      join(metadata, 'METADATA'),
      'Metadata-Version: 2.1\nName: python-barbicanclient\nVersion: 99\n',
    )
    const setup = await readFile(join(clone, 'setup.cfg'), 'utf8')
    await writeFile(join(metadata, 'entry_points.txt'), entryPoints(setup))

    await mkdir(join(folder, 'etc'))
    const admin = { username: 'admin', password: cloud.adminPassword, tenant_name: 'admin' }
    const configuration = oslo({
      keymanager: {
        url: cloud.keyManagerUrl,
        username: 'barbican',
        password: cloud.password,
        project_name: 'service',
        project_id: await cloud.projectId('service'),
        project_domain_name: 'Default',
      },
      identity: {
        uri: cloud.keystoneUrl,
        auth_version: 'v3',
        domain_name: 'Default',
        admin_domain_name: 'Default',
        ...admin,
        ...Object.fromEntries(
          Object.entries(admin).map(([option, value]) => [`admin_${option}`, value]),
        ),
      },
    })
    const file = join(folder, 'etc/functional_tests.conf')
    await writeFile(file, configuration, { mode: 0o600 })
    return { testPath: './functionaltests', alone: '_list|list_', env: NEWER }
  },
}
