import type { ContainerId, OrderId, ProjectId, SecretId } from '../../../src/lib/ids.ts'
import type { Timestamp } from '../../../src/lib/timestamp.ts'
import type { Acl } from '../../../src/model/acl.ts'
import type { Container } from '../../../src/model/container.ts'
import type { Order } from '../../../src/model/order.ts'
import type { Verified } from '../../../src/model/record.ts'
import type { RequestContext } from '../../../src/model/requestContext.ts'
import type { Secret } from '../../../src/model/secret.ts'

const AT = '2026-01-02T03:04:05.000000' as Timestamp

export interface CallerSample {
  readonly userId?: string | null
  readonly projectId?: string
  readonly roles?: readonly string[]
}

export function contextOf({
  userId = 'user-1',
  projectId = 'project-1',
  roles = [],
}: CallerSample): RequestContext {
  return {
    requestId: 'req-00000000-0000-4000-8000-000000000000',
    globalRequestId: null,
    remoteAddress: '127.0.0.1',
    microversion: 0,
    caller: {
      userId,
      projectId: projectId as ProjectId,
      roles: new Set(roles),
      domainId: null,
      userDomainId: null,
      projectDomainId: null,
      strategy: 'token',
    },
  }
}

/** A secret or a container, as policy sees it. */
export interface SecretSample {
  readonly creatorId?: string | null
  readonly projectId?: string
  readonly isPrivate?: boolean
  readonly aclUsers?: readonly string[]
}

/** A secret of project-1; only a test may say that it was verified. */
export function secretOf(sample: SecretSample): Verified<Secret> {
  const { creatorId = 'user-1', projectId = 'project-1' } = sample
  const secret: Secret & { readonly rowMac: Uint8Array } = {
    kind: 'secret',
    id: '11111111-1111-4111-8111-111111111111' as SecretId,
    projectId: projectId as ProjectId,
    name: null,
    secretType: 'opaque',
    algorithm: null,
    bitLength: null,
    mode: null,
    expiration: null,
    creatorId,
    contentType: null,
    createdAt: AT,
    updatedAt: AT,
    acl: aclOf(sample),
    envelope: null,
    rowMac: new Uint8Array(40),
  }
  return secret as Verified<Secret>
}

export function containerOf(sample: SecretSample): Verified<Container> {
  const { creatorId = 'user-1', projectId = 'project-1' } = sample
  const container: Container & { readonly rowMac: Uint8Array } = {
    kind: 'container',
    id: '33333333-3333-4333-8333-333333333333' as ContainerId,
    projectId: projectId as ProjectId,
    type: 'generic',
    name: null,
    creatorId,
    members: [],
    acl: aclOf(sample),
    createdAt: AT,
    updatedAt: AT,
    rowMac: new Uint8Array(40),
  }
  return container as Verified<Container>
}

function aclOf({ isPrivate = false, aclUsers }: SecretSample): Acl | null {
  if (!isPrivate && aclUsers === undefined) return null
  return { projectAccess: !isPrivate, users: aclUsers ?? [], createdAt: AT, updatedAt: AT }
}

export function orderOf(projectId = 'project-1', creatorId = 'user-1'): Verified<Order> {
  const order: Order & { readonly rowMac: Uint8Array } = {
    kind: 'order',
    id: '22222222-2222-4222-8222-222222222222' as OrderId,
    projectId: projectId as ProjectId,
    type: 'key',
    meta: {},
    status: 'ACTIVE',
    subStatus: null,
    subStatusMessage: null,
    errorStatusCode: null,
    errorReason: null,
    creatorId,
    secretId: null,
    containerId: null,
    createdAt: AT,
    updatedAt: AT,
    rowMac: new Uint8Array(40),
  }
  return order as Verified<Order>
}
