import type {
  ContainerConsumerRepository,
  ContainerRepository,
} from '../../../src/domain/ports/containerRepositories.ts'
import type { Integrity, KeyCache, OrderInputs, Sealer } from '../../../src/domain/ports/crypto.ts'
import type { OrderRepository } from '../../../src/domain/ports/orderRepositories.ts'
import type {
  SecretConsumerRepository,
  SecretMetadataRepository,
  SecretRepository,
} from '../../../src/domain/ports/secretRepositories.ts'
import type { ContainerId, ProjectId, SecretId } from '../../../src/lib/ids.ts'
import type { Timestamp } from '../../../src/lib/timestamp.ts'
import type { Container } from '../../../src/model/container.ts'
import type { ProtectedRecord, Stored, Verified } from '../../../src/model/record.ts'
import type { RequestContext } from '../../../src/model/requestContext.ts'
import type { Secret, SecretFacts } from '../../../src/model/secret.ts'
import { compileRules } from '../../../src/policy/compiledRules.ts'
import { Policy } from '../../../src/policy/policy.ts'
import { DoorClock } from '../../support/doorClock.ts'

export const SECRET_ID = '2f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b' as SecretId
export const MAC = Buffer.alloc(40, 1)

const CREATED = '2026-01-01T00:00:00.000000' as Timestamp

export function storedSecret(fields: Partial<Secret> = {}): Stored<Secret> {
  return {
    kind: 'secret',
    id: SECRET_ID,
    projectId: 'p' as ProjectId,
    name: null,
    secretType: 'opaque',
    algorithm: null,
    bitLength: null,
    mode: null,
    expiration: null,
    creatorId: 'u',
    contentType: null,
    createdAt: CREATED,
    updatedAt: CREATED,
    acl: null,
    envelope: null,
    ...fields,
    rowMac: MAC,
  }
}

/** What a database tells of the same row when nobody wants its payload. */
function factsOf(found: Stored<Secret> | undefined): Stored<SecretFacts> | undefined {
  if (found === undefined) return undefined
  const { envelope, ...facts } = found
  return { ...facts, hasPayload: envelope !== null }
}

export const CONTAINER_ID = '3f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b' as ContainerId

export function storedContainer(fields: Partial<Container> = {}): Stored<Container> {
  return {
    kind: 'container',
    id: CONTAINER_ID,
    projectId: 'p' as ProjectId,
    type: 'generic',
    name: null,
    creatorId: 'u',
    members: [],
    acl: null,
    createdAt: CREATED,
    updatedAt: CREATED,
    ...fields,
    rowMac: MAC,
  }
}

export function contextOf(roles: readonly string[] = ['creator']): RequestContext {
  return {
    requestId: 'req-1',
    globalRequestId: null,
    remoteAddress: '127.0.0.1',
    caller: {
      userId: 'u',
      projectId: 'p' as ProjectId,
      roles: new Set(roles),
      domainId: null,
      userDomainId: null,
      projectDomainId: null,
      strategy: 'noauth',
    },
    microversion: 0,
  }
}

function notHere(): never {
  throw new Error('the verb was not to ask for this')
}

/** What a verb needs, each answer as the test says; what it was not told of, it must not ask. */
export function fakeParts(parts: {
  readonly secrets?: Partial<SecretRepository>
  readonly consumers?: Partial<SecretConsumerRepository>
  readonly metadata?: Partial<SecretMetadataRepository>
  readonly orders?: Partial<OrderRepository>
}) {
  const purged: string[] = []
  const sealed: Buffer[] = []
  const clock = new DoorClock()
  const sealer: Sealer = {
    seal: async (_binding, payload) => {
      sealed.push(Buffer.from(payload))
      return Buffer.from('sealed')
    },
    sealRandom: async (_binding, bytes) => Buffer.alloc(bytes, 9),
    open: async () => Buffer.from('opened'),
  }
  const inputs: OrderInputs = {
    seal: async (_order, input) => {
      sealed.push(Buffer.from(input))
      return Buffer.from('sealed')
    },
    open: async () => Buffer.from('opened'),
  }
  const queued: string[] = []
  const integrity: Integrity = {
    verified: async <T extends ProtectedRecord>(record: Stored<T> | undefined) =>
      record as Verified<T> | undefined,
    protect: async (record) => ({ ...record, rowMac: MAC }),
  }
  const keyCache: KeyCache = { purge: (projectId) => void purged.push(projectId) }
  return {
    purged,
    sealed,
    clock,
    sealer,
    inputs,
    queued,
    /** Nothing that a verb stores here is a certificate. */
    payloadReader: { read: () => undefined },
    whenWorkedOn: async () => void queued.push('queued'),
    integrity,
    keyCache,
    defaultQuotas: { secrets: -1, orders: -1, containers: -1, consumers: -1, cas: -1 },
    policy: new Policy({ rules: compileRules({ enforceNewDefaults: false }) }),
    secrets: {
      find: notHere,
      facts: async (id: SecretId) => factsOf(await (parts.secrets?.find ?? notHere)(id)),
      list: notHere,
      insert: notHere,
      storePayload: notHere,
      replaceAcl: notHere,
      remove: notHere,
      ...parts.secrets,
    },
    consumers: {
      ofSecrets: notHere,
      list: notHere,
      find: notHere,
      add: notHere,
      remove: notHere,
      ...parts.consumers,
    },
    metadata: {
      all: notHere,
      get: notHere,
      replaceAll: notHere,
      add: notHere,
      set: notHere,
      remove: notHere,
      ...parts.metadata,
    },
    orders: { place: notHere, find: notHere, list: notHere, remove: notHere, ...parts.orders },
  }
}

/** The same for verbs of containers. */
export function fakeContainerParts(parts: {
  readonly containers?: Partial<ContainerRepository>
  readonly consumers?: Partial<ContainerConsumerRepository>
}) {
  return {
    ...fakeParts({}),
    containers: {
      find: notHere,
      list: notHere,
      insert: notHere,
      replaceMembers: notHere,
      replaceAcl: notHere,
      remove: notHere,
      ...parts.containers,
    },
    consumers: {
      namesOf: notHere,
      list: notHere,
      find: notHere,
      add: notHere,
      remove: notHere,
      ...parts.consumers,
    },
  }
}

/** Gives these answers one after the other, the last one for ever. */
export function inTurn<T>(...answers: readonly T[]): { calls: number; next(): Promise<T> } {
  const turn = {
    calls: 0,
    next: async (): Promise<T> => {
      turn.calls += 1
      return answers[turn.calls - 1] ?? answers.at(-1) ?? notHere()
    },
  }
  return turn
}
