import { userIdOf } from '../fixture/fixture.ts'
import { askApi } from '../target/askApi.ts'
import type { LoadRequest } from './loadJob.ts'
import { type Callers, hotSecrets, payloadOf } from './workloads.ts'

const SECRETS = 500
export const USERS_IN_ACL = 100

/**
 * Payloads of secrets that a hundred users may read, asked for by one of them, of another project; and of
 * as many secrets without an ACL, asked for by their owners.
 */
export async function sharedAndOwn(
  callers: Callers,
  origin: string,
): Promise<{ readonly shared: readonly LoadRequest[]; readonly own: readonly LoadRequest[] }> {
  const secrets = hotSecrets(callers)
  const readers = [...callers.tokens]
  const shared: LoadRequest[] = []
  for (const [n, secret] of secrets.slice(0, SECRETS).entries()) {
    const others = readers.filter(([project]) => project !== secret.project)
    const [reader, token] = others[n % others.length] ?? [0, '']
    const users = Array.from({ length: USERS_IN_ACL - 1 }, (_, k) => `${secret.id}-${k}`)
    // Somewhere in the middle, wherever a search may begin.
    users.splice(n % USERS_IN_ACL, 0, userIdOf(reader))
    await askApi(secret.token, 'PUT', `${origin}/v1/secrets/${secret.id}/acl`, {
      read: { 'project-access': true, users },
    })
    shared.push(payloadOf(secret.id, token))
  }
  const own = secrets.slice(SECRETS, 2 * SECRETS).map(({ id, token }) => payloadOf(id, token))
  return { shared, own }
}
