import { describe, it } from 'node:test'
import type { CallersCloud } from './callersCloud.ts'
import { goClaims } from './goClaims.ts'
import { pythonClaims } from './pythonClaims.ts'
import type { World } from './world.ts'

const PROGRAMS = [
  'cinder',
  'nova',
  'octavia',
  'heat',
  'cursive',
  'swift',
  'magnum',
  'openstacksdk',
  'others',
  'rules',
] as const

/** The code of the services that keep their secrets with us: each does with them what it keeps them for. */
export const consumers = (world: World, cloud: CallersCloud): void => {
  describe('consumers', { concurrency: 3, timeout: 900_000 }, () => {
    for (const program of PROGRAMS)
      it(program, async (t) => pythonClaims(t, `${program}_claims.py`, [], await cloud.facts()))
    it('gophercloud', async (t) => goClaims(t, 'gophercloud', world.folder, await cloud.facts()))
  })
}
