import { userIdOf } from '../fixture/fixture.ts'
import { askApi, idIn } from '../target/askApi.ts'
import type { Sequence, SequenceStep } from './loadJob.ts'
import { asPython, type Callers } from './workloads.ts'

/** So many listeners; more than connections, so that no two requests meet at one container. */
const CONTAINERS = 128
const MEMBERS = ['certificate', 'private_key', 'intermediates']
/** About what a certificate or an RSA key is as PEM. */
const PEM_BYTES = 1_700

interface Listener {
  readonly tenant: string
  readonly container: string
  readonly members: readonly string[]
}

/**
 * What Octavia sends for a listener with a certificate container: the tenant's token grants, the service
 * user reads all of it and registers, and at the end both take back what they did. 27 requests, 16 of
 * them the tenant's, all about ACLs.
 */
export async function octaviaListeners(
  callers: Callers,
  origin: string,
): Promise<readonly Sequence[]> {
  // The first caller is the service; it is in no tenant's project.
  const [[serviceProject, service] = [0, ''], ...tenants] = callers.tokens
  const listeners: Listener[] = []
  for (let n = 0; n < CONTAINERS; n += 1) {
    const [, tenant = ''] = tenants[n % tenants.length] ?? []
    listeners.push(await storeCertificate(origin, tenant))
  }
  return listeners.map((listener) => lifeOf(listener, service, userIdOf(serviceProject)))
}

function lifeOf(listener: Listener, service: string, serviceUser: string): Sequence {
  const { tenant, container, members } = listener
  const own = `/v1/containers/${container}`
  const shared = [own, ...members.map((id) => `/v1/secrets/${id}`)]
  const consumer = { name: 'Octavia', URL: `http://octavia/v2/lbaas/listeners/${container}` }
  const granted = (path: string, users: readonly string[]): Sequence => [
    get(tenant, `${path}/acl`),
    send(tenant, 'PUT', `${path}/acl`, { read: { 'project-access': true, users } }),
  ]
  return [
    ...granted(own, [serviceUser]),
    get(service, own),
    ...shared.slice(1).flatMap((path) => granted(path, [serviceUser])),
    // It does not know yet that it was given a container.
    get(service, `/v1/secrets/${container}`, 404),
    get(service, own),
    ...shared
      .slice(1)
      .flatMap((path) => [get(service, path), get(service, `${path}/payload`, 200, 'text/plain')]),
    send(service, 'POST', `${own}/consumers/`, consumer),
    send(service, 'DELETE', `${own}/consumers`, consumer),
    ...shared.flatMap((path) => granted(path, [])),
  ]
}

function get(token: string, path: string, expects = 200, accept = 'application/json') {
  const headers = { Accept: accept, 'X-Auth-Token': token }
  return asPython<SequenceStep>({ method: 'GET', path, headers, expects })
}

function send(token: string, method: SequenceStep['method'], path: string, body: unknown) {
  const headers = {
    Accept: 'application/json',
    'Content-Type': 'application/json',
    'X-Auth-Token': token,
  }
  return asPython<SequenceStep>({
    method,
    path,
    headers,
    body: JSON.stringify(body),
    expects: 200,
  })
}

/** As its store_cert does: text, and a container around it. */
async function storeCertificate(origin: string, tenant: string): Promise<Listener> {
  const members: string[] = []
  for (const name of MEMBERS) {
    const secret = {
      name,
      secret_type: 'opaque',
      payload: 'x'.repeat(PEM_BYTES),
      payload_content_type: 'text/plain',
    }
    members.push(idIn(await askApi(tenant, 'POST', `${origin}/v1/secrets/`, secret), 'secret_ref'))
  }
  const made = await askApi(tenant, 'POST', `${origin}/v1/containers/`, {
    name: 'listener',
    type: 'certificate',
    secret_refs: MEMBERS.map((name, n) => ({
      name,
      secret_ref: `${origin}/v1/secrets/${members[n]}`,
    })),
  })
  return { tenant, container: idIn(made, 'container_ref'), members }
}
