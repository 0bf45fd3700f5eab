import type { Fixture } from '../fixture/fixture.ts'
import { projectOfRow, ROWS_PER_LARGE_PROJECT } from '../fixture/layout.ts'
import type { LoadRequest } from './loadJob.ts'

/** Whose secrets are asked for, and with which tokens. */
export interface Callers {
  readonly fixture: Fixture
  /** Token of a project; the projects that have one are those that call. */
  readonly tokens: ReadonlyMap<number, string>
}

/** With so many warm projects and room for so many keys, no cold project's key is still there. */
const WARM_PROJECTS = 100
export const ROOM_FOR_KEYS = 300

export const PAYLOAD_TYPE = 'application/octet-stream'

export function discovery(): readonly LoadRequest[] {
  return [{ method: 'GET', path: '/', headers: { Accept: 'application/json' } }]
}

export function metadata(callers: Callers): readonly LoadRequest[] {
  return hotSecrets(callers).map(({ id, token }) => metadataOf(id, token))
}

export function payloads(callers: Callers): readonly LoadRequest[] {
  return hotSecrets(callers).map(({ id, token }) => payloadOf(id, token))
}

/** Every fiftieth is for a project whose key was pushed out of memory by those that came between. */
export function payloadsWithColdKeys(callers: Callers): readonly LoadRequest[] {
  const warmProjects = new Set([...callers.tokens.keys()].slice(0, WARM_PROJECTS))
  const secrets = hotSecrets(callers)
  const hot = secrets.filter(({ project }) => warmProjects.has(project))
  // In the order of rows: every other cold project has its turn before one comes again.
  const cold = secrets
    .filter(({ project }) => !warmProjects.has(project))
    .toSorted((a, b) => a.row - b.row)
  const requests: LoadRequest[] = []
  for (const [turn, { id, token }] of cold.entries()) {
    requests.push(payloadOf(id, token))
    for (let n = 0; n < 49; n += 1) {
      const warm = hot[(turn * 49 + n) % hot.length]
      if (warm !== undefined) requests.push(payloadOf(warm.id, warm.token))
    }
  }
  return requests
}

/** What castellan sends for one get: metadata again for every attribute while there is no name. */
export function castellanFetches(callers: Callers, metadataReads: number): readonly LoadRequest[] {
  const nameless = hotSecrets(callers).filter(({ row }) => row % 2 === 0)
  return nameless
    .slice(0, 2_000)
    .flatMap(({ id, token }) => [
      ...Array.from({ length: metadataReads }, () => asPython(metadataOf(id, token))),
      asPython(payloadOf(id, token)),
    ])
}

export function lists(callers: Callers, limit: number): readonly LoadRequest[] {
  return [...callers.tokens.values()].flatMap((token) =>
    pageStarts(limit).map((offset) => ({
      method: 'GET' as const,
      path: `/v1/secrets?limit=${limit}&offset=${offset}`,
      headers: { Accept: 'application/json', 'X-Auth-Token': token },
    })),
  )
}

/** castellan's store of a 256-bit key. */
export function stores(callers: Pick<Callers, 'tokens'>): readonly LoadRequest[] {
  const body = JSON.stringify({
    algorithm: 'aes',
    bit_length: 256,
    secret_type: 'symmetric',
    payload: Buffer.alloc(32, 7).toString('base64'),
    payload_content_type: PAYLOAD_TYPE,
    payload_content_encoding: 'base64',
  })
  return [...callers.tokens.values()].map((token) => ({
    method: 'POST',
    path: '/v1/secrets/',
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'X-Auth-Token': token,
    },
    body,
  }))
}

export interface HotSecret {
  readonly row: number
  readonly project: number
  readonly id: string
  readonly token: string
}

/** All secrets of all calling projects, shuffled in the same way every time. */
export function hotSecrets({ fixture, tokens }: Callers): readonly HotSecret[] {
  const found: HotSecret[] = []
  for (const [row, id] of fixture.secretIds.entries()) {
    const project = projectOfRow(fixture.layout, row)
    const token = tokens.get(project)
    if (token !== undefined) found.push({ row, project, id, token })
  }
  // Ids are random: their order is a shuffle that has nothing to do with where rows lie.
  return found.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

export function metadataOf(id: string, token: string): LoadRequest {
  return {
    method: 'GET',
    path: `/v1/secrets/${id}`,
    headers: { Accept: 'application/json', 'X-Auth-Token': token },
  }
}

export function payloadOf(id: string, token: string): LoadRequest {
  return {
    method: 'GET',
    path: `/v1/secrets/${id}/payload`,
    headers: { Accept: PAYLOAD_TYPE, 'X-Auth-Token': token },
  }
}

/** The headers that keystoneauth and requests add. */
export function asPython<R extends LoadRequest>(request: R): R {
  return {
    ...request,
    headers: {
      'User-Agent': 'castellan keystoneauth1/5.1.2 python-requests/2.28.1 CPython/3.11.2',
      'Accept-Encoding': 'gzip, deflate',
      Connection: 'keep-alive',
      ...request.headers,
    },
  }
}

function pageStarts(limit: number): readonly number[] {
  return Array.from({ length: ROWS_PER_LARGE_PROJECT / limit }, (_, page) => page * limit)
}
