import { askApi, idIn } from '../target/askApi.ts'
import type { LoadRequest, Sequence } from './loadJob.ts'
import { type Callers, type HotSecret, hotSecrets, metadataOf } from './workloads.ts'

/** So many secrets or containers; more than connections, so that no two requests meet at one of them. */
const PARENTS = 200
const ALREADY_THERE = 3
const MICROVERSION = { 'OpenStack-API-Version': 'key-manager 1.1' }

/** cinder's: registered with a volume, gone with it. */
export function secretConsumers(callers: Callers): readonly Sequence[] {
  return parents(callers).map(({ id, token }) =>
    comeAndGo(token, `/v1/secrets/${id}/consumers`, volume(0)),
  )
}

export async function containerConsumers(
  callers: Callers,
  origin: string,
): Promise<readonly Sequence[]> {
  const sequences: Sequence[] = []
  for (const { id, token } of parents(callers)) {
    const made = await askApi(token, 'POST', `${origin}/v1/containers/`, {
      type: 'generic',
      secret_refs: [{ name: 'key', secret_ref: `${origin}/v1/secrets/${id}` }],
    })
    const path = `/v1/containers/${idIn(made, 'container_ref')}/consumers`
    sequences.push(comeAndGo(token, path, { name: 'service', URL: 'http://service/v2/thing' }))
  }
  return sequences
}

/** Metadata as the present castellan asks for it, of secrets that are in use. */
export async function metadataOfUsed(
  callers: Callers,
  origin: string,
): Promise<readonly LoadRequest[]> {
  // Others than those whose consumers come and go: they shall have three at any time.
  const used = hotSecrets(callers).slice(PARENTS, 2 * PARENTS)
  for (const { id, token } of used) {
    for (let n = 1; n <= ALREADY_THERE; n += 1) {
      await askApi(token, 'POST', `${origin}/v1/secrets/${id}/consumers/`, volume(n))
    }
  }
  return used.map(({ id, token }) => {
    const request = metadataOf(id, token)
    return { ...request, headers: { ...request.headers, ...MICROVERSION } }
  })
}

function parents(callers: Callers): readonly HotSecret[] {
  return hotSecrets(callers).slice(0, PARENTS)
}

function volume(n: number) {
  return {
    service: 'cinder',
    resource_type: 'volume',
    resource_id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  }
}

function comeAndGo(token: string, collection: string, body: unknown): Sequence {
  const step = {
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'X-Auth-Token': token,
      ...MICROVERSION,
    },
    body: JSON.stringify(body),
    expects: 200,
  }
  return [
    { method: 'POST', path: `${collection}/`, ...step },
    { method: 'DELETE', path: collection, ...step },
  ]
}
