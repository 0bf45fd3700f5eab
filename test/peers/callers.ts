import { describe, it } from 'node:test'
import type { CallersCloud } from './callersCloud.ts'
import { pythonClaims } from './pythonClaims.ts'

/** The programs that real services and people use, unchanged. */
export const callers = (cloud: CallersCloud): void => {
  describe('real callers', { concurrency: 3, timeout: 900_000 }, () => {
    it('castellan', async (t) => pythonClaims(t, 'castellan_claims.py', [], await cloud.facts()))
    it('python-barbicanclient', async (t) =>
      pythonClaims(t, 'barbicanclient_claims.py', [], await cloud.facts()))
    it('python-barbicanclient, containers', async (t) =>
      pythonClaims(t, 'container_claims.py', [], await cloud.facts()))
    it('python-barbicanclient, ACLs and consumers of secrets', async (t) =>
      pythonClaims(t, 'grant_claims.py', [], await cloud.facts()))
    it('the openstack command, logged in at Keystone', async (t) =>
      pythonClaims(t, 'openstack_claims.py', ['keystone'], await cloud.facts()))
    it('the openstack command, with a token of our own', async (t) =>
      pythonClaims(t, 'openstack_claims.py', ['token'], await cloud.facts()))
  })
}
