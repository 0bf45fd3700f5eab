import { z } from 'zod'
import type { ProjectDirectory } from '../domain/ports/identity.ts'
import type { Clock } from '../lib/clock.ts'
import { type Fault, unavailable } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import { KeystoneHttp, type KeystoneResponse, KeystoneUnreachable } from './keystoneHttp.ts'
import type { KeystoneConnection, KeystoneEvent, ServiceUser } from './keystoneOptions.ts'
import { ServiceSession } from './serviceSession.ts'

export interface KeystoneProjectsOptions extends KeystoneConnection {
  readonly serviceUser: ServiceUser
  readonly clock: Clock
  readonly onEvent: (event: KeystoneEvent) => void
}

const project = z.object({ id: z.string(), name: z.string(), domain_id: z.string().nullish() })
const own = z.object({
  token: z.object({
    project: z.object({
      id: z.string(),
      name: z.string(),
      domain: z.object({ id: z.string() }),
    }),
  }),
})
const found = z.object({ project })
const listed = z.object({ projects: z.array(project) })
const refusal = z.object({ error: z.object({ code: z.literal(404), message: z.string() }) })

/** Asks Keystone about projects, on behalf of the service user. Doubts every answer but the two it expects. */
export class KeystoneProjects implements ProjectDirectory {
  readonly #http: KeystoneHttp
  readonly #session: ServiceSession

  /** @throws StartupRefusal when the URL or a certificate file is no good */
  constructor(options: KeystoneProjectsOptions) {
    const { serviceUser, clock, onEvent } = options
    this.#http = new KeystoneHttp(options)
    this.#session = new ServiceSession({ http: this.#http, serviceUser, clock, onEvent })
  }

  async proveSight(): Promise<void> {
    const subject = { 'X-Subject-Token': await this.#session.token().catch(rethrown) }
    const { project: ours } = read(own, await this.#ask('/auth/tokens?nocatalog', subject)).token
    const byId = await this.#ask(`/projects/${encodeURIComponent(ours.id)}`)
    if (read(found, byId).project.id !== ours.id) throw useless(byId)
    const query = new URLSearchParams({ name: ours.name, domain_id: ours.domain.id })
    const list = await this.#ask(`/projects?${query}`)
    if (!read(listed, list).projects.some(({ id }) => id === ours.id)) throw useless(list)
  }

  async look(projectId: ProjectId): Promise<'present' | 'missing'> {
    const response = await this.#ask(`/projects/${encodeURIComponent(projectId)}`)
    if (response.status !== 404) {
      if (read(found, response).project.id !== projectId) throw useless(response)
      return 'present'
    }
    // A proxy, a wrong address or another service says 404 as well; this one must name the project.
    const { message } = read(refusal, response, 404).error
    if (!message.endsWith(`: ${projectId}.`)) throw useless(response)
    await this.proveSight()
    return 'missing'
  }

  close(): void {
    this.#http.close()
  }

  /** Once more with a new token when Keystone refuses the one we have. */
  async #ask(
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<KeystoneResponse> {
    try {
      const token = await this.#session.token()
      const first = await this.#askWith(token, path, headers)
      if (first.status !== 401) return first
      this.#session.discard(token)
      return await this.#askWith(await this.#session.token(), path, headers)
    } catch (error) {
      return rethrown(error)
    }
  }

  #askWith(
    token: string,
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<KeystoneResponse> {
    return this.#http.send({
      method: 'GET',
      path,
      headers: { 'X-Auth-Token': token, ...headers },
    })
  }
}

function read<T>(shape: z.ZodType<T>, response: KeystoneResponse, status = 200): T {
  if (response.status !== status) throw useless(response)
  try {
    return shape.parse(JSON.parse(response.body))
  } catch {
    throw useless(response)
  }
}

function useless({ status }: KeystoneResponse): Fault {
  return unavailable(
    status === 403
      ? 'Keystone does not let our service user see projects: it needs a role that may (identity:get_project, identity:list_projects).'
      : `Keystone's answer about a project (${status}) is not one to rely on.`,
  )
}

function rethrown(error: unknown): never {
  if (!(error instanceof KeystoneUnreachable)) throw error
  throw unavailable('Keystone cannot be reached.', error)
}
