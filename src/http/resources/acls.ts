import { z } from 'zod'
import { CONTAINER_ACL_RULES, SECRET_ACL_RULES } from '../../domain/aclParents.ts'
import type { Acls, Shared } from '../../domain/acls.ts'
import type { NewAcl } from '../../domain/newAcl.ts'
import type { Container } from '../../model/container.ts'
import type { Secret } from '../../model/secret.ts'
import type { RuleName } from '../../policy/defaultRules.ts'
import { json } from '../answers.ts'
import { aclBody, decodeAcl } from '../decode/acl.ts'
import { aclRefShown, aclShown, renderAcl } from '../render/acl.ts'
import { containerRef } from '../render/container.ts'
import { secretRef } from '../render/secret.ts'
import type { ApiRequest, Route } from '../route.ts'
import { containerIdOf } from './containers.ts'
import { secretIdOf } from './secrets.ts'

export function secretAclRoutes(acls: Acls<Secret>): readonly Route[] {
  return aclRoutes(acls, {
    noun: 'secret',
    path: '/v1/secrets/{secret_id}/acl',
    rules: SECRET_ACL_RULES,
    idOf: secretIdOf,
    ref: secretRef,
  })
}

export function containerAclRoutes(acls: Acls<Container>): readonly Route[] {
  return aclRoutes(acls, {
    noun: 'container',
    path: '/v1/containers/{container_id}/acl',
    rules: CONTAINER_ACL_RULES,
    idOf: containerIdOf,
    ref: containerRef,
  })
}

/** What differs between the ACLs of secrets and those of containers. */
interface AclRouteOptions<T extends Shared> {
  /** As people call it. */
  readonly noun: string
  readonly path: `/v1/${string}/acl`
  readonly rules: Record<'read' | 'change' | 'remove', RuleName>
  idOf(params: ApiRequest['params']): T['id'] | undefined
  /** Of the secret or container itself. */
  ref(base: string, id: string): string
}

/** .../acl of a secret or a container (contract 06). */
function aclRoutes<T extends Shared>(
  acls: Acls<T>,
  { noun, path, rules, idOf, ref }: AclRouteOptions<T>,
): readonly Route[] {
  const lookUp = ({ params }: ApiRequest): Promise<void> => acls.lookUp(idOf(params))
  const input = async (request: ApiRequest): Promise<NewAcl> =>
    decodeAcl(await request.json(aclBody))
  const changed = ({ base, params }: ApiRequest) =>
    json(200, { acl_ref: `${ref(base, idOf(params) ?? '')}/acl` })

  return [
    {
      method: 'GET',
      path,
      rules: [rules.read],
      summary: `Retrieve the ACL of a ${noun}`,
      accepts: 'json',
      shows: aclShown,
      answers: [200, 401, 403, 404, 406],
      lookUp,
      async handle({ ctx, params }) {
        return json(200, renderAcl(await acls.read(ctx, idOf(params))))
      },
    },
    {
      method: 'PUT',
      path,
      rules: [rules.change],
      summary: `Replace the ACL of a ${noun}`,
      accepts: 'json',
      body: { schema: aclBody },
      shows: aclRefShown,
      answers: [200, 400, 401, 403, 404, 406, 413, 415],
      lookUp,
      async handle(request) {
        await acls.replace(request.ctx, idOf(request.params), () => input(request))
        return changed(request)
      },
    },
    {
      method: 'PATCH',
      path,
      rules: [rules.change],
      summary: `Change the ACL of a ${noun}; what is left out stays`,
      accepts: 'json',
      body: { schema: aclBody },
      shows: aclRefShown,
      answers: [200, 400, 401, 403, 404, 406, 413, 415],
      lookUp,
      async handle(request) {
        await acls.amend(request.ctx, idOf(request.params), () => input(request))
        return changed(request)
      },
    },
    {
      method: 'DELETE',
      path,
      rules: [rules.remove],
      summary: `Remove the ACL of a ${noun}, which is then open to its project`,
      accepts: 'json',
      shows: z.null(),
      answers: [200, 401, 403, 404, 406],
      lookUp,
      async handle({ ctx, params }) {
        await acls.remove(ctx, idOf(params))
        // 200 with a body of null, where 204 would do: documented, and clients compare (Q57).
        return json(200, null)
      },
    },
  ]
}
