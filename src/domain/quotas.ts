import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { Page, PageRequest } from '../model/page.ts'
import type { ProjectQuotas, QuotaResource, Quotas } from '../model/quota.ts'
import type { RequestContext } from '../model/requestContext.ts'
import type { Policy } from '../policy/policy.ts'
import type { QuotaReached } from './ports/changes.ts'
import type { QuotaRepository } from './ports/projectRepositories.ts'

interface Parts {
  readonly quotas: QuotaRepository
  /** `[quotas]`: for projects that have none of their own. */
  readonly defaultQuotas: Quotas
  readonly policy: Policy
  readonly clock: Clock
}

/** As wide as the column of every project id. */
const PROJECT_ID_CHARACTERS = 255

/** How many of each resource a project may have (contract 07). Enforced where things are inserted. */
export class ProjectQuotaSettings {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** GET /v1/quotas: what is in force for the caller's project. */
  async effective(ctx: RequestContext): Promise<Quotas> {
    const { policy, quotas, defaultQuotas } = this.#parts
    policy.authorizeProject(ctx, 'quotas:get')
    const own = (await quotas.find(ctx.caller.projectId))?.quotas
    return {
      secrets: own?.secrets ?? defaultQuotas.secrets,
      orders: own?.orders ?? defaultQuotas.orders,
      containers: own?.containers ?? defaultQuotas.containers,
      consumers: own?.consumers ?? defaultQuotas.consumers,
      cas: own?.cas ?? defaultQuotas.cas,
    }
  }

  /** GET /v1/project-quotas. */
  async list(ctx: RequestContext, page: PageRequest): Promise<Page<ProjectQuotas>> {
    this.#parts.policy.authorizeProject(ctx, 'project_quotas:get')
    return this.#parts.quotas.list(page)
  }

  /** GET /v1/project-quotas/{id}: what was set, whether such a project exists or not. */
  async read(ctx: RequestContext, projectId: ProjectId): Promise<ProjectQuotas> {
    this.#parts.policy.authorizeProject(ctx, 'project_quotas:get')
    const found = await this.#parts.quotas.find(projectId)
    if (found === undefined) throw noneSet()
    return found
  }

  /** PUT /v1/project-quotas/{id}. What is not given stays as it is. */
  async set(
    ctx: RequestContext,
    projectId: ProjectId,
    readInput: () => Promise<Readonly<Partial<Record<QuotaResource, number>>>>,
  ): Promise<void> {
    const { policy, quotas, clock } = this.#parts
    policy.authorizeProject(ctx, 'project_quotas:put')
    const given = await readInput()
    if ([...projectId].length > PROJECT_ID_CHARACTERS || projectId.includes('\0')) {
      throw new Fault(
        'badRequest',
        `The project id in the path is not valid: at most ${PROJECT_ID_CHARACTERS} characters, and no U+0000, are wanted.`,
      )
    }
    await quotas.set(projectId, given, clock.now())
  }

  /** DELETE /v1/project-quotas/{id}: from now on the configured defaults count. */
  async remove(ctx: RequestContext, projectId: ProjectId): Promise<void> {
    this.#parts.policy.authorizeProject(ctx, 'project_quotas:delete')
    if ((await this.#parts.quotas.remove(projectId)) === 'gone') throw noneSet()
  }
}

function noneSet(): Fault {
  return new Fault('notFound', 'No quotas are set for this project.')
}

/** For the verb whose insert was answered with it. */
export function quotaRefusal(resource: QuotaResource, { quotaReached }: QuotaReached): Fault {
  return new Fault(
    'forbidden',
    `Quota reached for ${resource}: this project may have ${quotaReached}; delete some, or have the quota raised.`,
  )
}
