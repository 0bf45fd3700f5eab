import { join } from 'node:path'
import { issueToken } from '../../src/identity/localToken.ts'
import { loadSigningKey } from '../../src/identity/signingKey.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { type Fixture, projectIdOf, userIdOf } from '../fixture/fixture.ts'

const CREATOR = ['creator', 'member', 'reader']

/** Makes what `gatehouse token issue` makes, for one project of a fixture after the other. */
export async function localTokens(
  fixture: Pick<Fixture, 'folder' | 'deploymentId'>,
): Promise<(project: number, roles?: readonly string[]) => Promise<string>> {
  const key = await loadSigningKey(join(fixture.folder, 'token-signing-key.pem'))
  const parts = { key, deploymentId: fixture.deploymentId, clock: systemClock() }
  return (project, roles = CREATOR) =>
    issueToken(parts, {
      projectId: projectIdOf(project),
      userId: userIdOf(project),
      roles,
      ttlSeconds: 24 * 3600,
    })
}
