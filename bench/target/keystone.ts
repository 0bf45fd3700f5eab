import { join, resolve } from 'node:path'
import { Child } from '../../test/peers/child.ts'
import { freePort } from '../../test/peers/freePort.ts'
import { SERVICE_PASSWORD } from '../../test/support/fakeKeystone.ts'
import { projectIdOf, userIdOf } from '../fixture/fixture.ts'
import type { Configuration } from './gatehouse.ts'
import { onCore } from './onCore.ts'
import { whenAnswering } from './served.ts'

export interface KeystoneStandIn {
  readonly configuration: Configuration
  issue(project: number): Promise<string>
  stop(): Promise<void>
}

/** The parts of Keystone that a key manager asks for, in memory, in a process of their own. */
export async function startKeystone(
  folder: string,
  core: number | undefined,
): Promise<KeystoneStandIn> {
  const port = await freePort()
  const script = resolve(import.meta.dirname, '../../test/support/fakeKeystone.ts')
  const [command = '', ...args] = onCore(core, [process.execPath, script, String(port)])
  const child = new Child({
    name: 'keystone stand-in',
    command,
    args,
    cwd: folder,
    logFile: join(folder, 'keystone.log'),
  })
  const url = `http://127.0.0.1:${port}`
  await whenAnswering(child, `${url}/v3`)
  return {
    configuration: {
      keystone_authtoken: {
        auth_url: url,
        username: SERVICE_PASSWORD.username,
        password: SERVICE_PASSWORD.password,
        project_name: 'service',
        user_domain_name: 'Default',
        project_domain_name: 'Default',
      },
    },
    async issue(project) {
      const answer = await fetch(`${url}/fake/tokens`, {
        method: 'POST',
        body: JSON.stringify({
          projectId: projectIdOf(project),
          userId: userIdOf(project),
          roles: ['creator', 'member', 'reader'],
          expiresAtMs: Date.now() + 24 * 3_600_000,
        }),
      })
      const { token } = (await answer.json()) as { readonly token: string }
      return token
    },
    stop: async () => void (await child.stop()),
  }
}
