import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Gatehouse } from './gatehouse.ts'
import { pythonClaims } from './pythonClaims.ts'
import type { World } from './world.ts'

const PEOPLE = ['demo', 'administrator', 'stranger', 'hermit', 'librarian'] as const

/** The programs that real services and people use, unchanged. */
export const callers = (world: World, keystoneSide: Gatehouse, tokenSide: Gatehouse): void => {
  const cloud = async () => {
    // The program that wants an expired token should not have to wait for it.
    await delay(Math.max(0, Date.parse(world.shortLived.expiresAt) - Date.now()))
    return {
      authUrl: world.cloud.keystoneUrl,
      endpoint: keystoneSide.url,
      password: world.cloud.password,
      people: Object.fromEntries(
        PEOPLE.map((person) => [person, { project: world.cloud.projectOf(person) }]),
      ),
      expiredToken: world.shortLived.token,
      folder: world.folder,
      tokenEndpoint: tokenSide.url,
      localToken: await localToken(tokenSide),
    }
  }

  describe('real callers', { concurrency: 3, timeout: 240_000 }, () => {
    it('castellan', async (t) => pythonClaims(t, 'castellan_claims.py', [], await cloud()))
    it('python-barbicanclient', async (t) =>
      pythonClaims(t, 'barbicanclient_claims.py', [], await cloud()))
    it('python-barbicanclient, containers', async (t) =>
      pythonClaims(t, 'container_claims.py', [], await cloud()))
    it('python-barbicanclient, ACLs and consumers of secrets', async (t) =>
      pythonClaims(t, 'grant_claims.py', [], await cloud()))
    it('the openstack command, logged in at Keystone', async (t) =>
      pythonClaims(t, 'openstack_claims.py', ['keystone'], await cloud()))
    it('the openstack command, with a token of our own', async (t) =>
      pythonClaims(t, 'openstack_claims.py', ['token'], await cloud()))
  })
}

const localToken = async (gatehouse: Gatehouse): Promise<string> => {
  const roles = ['admin', 'creator', 'member'].flatMap((role) => ['--role', role])
  const printed = await gatehouse.command('token', 'issue', '--project', 'demo', ...roles)
  const token = printed.trimEnd().split('\n').at(-1)
  if (token === undefined || token === '') throw new Error('no token was printed')
  return token
}
