import { randomBytes } from 'node:crypto'
import type { CertificateRepository } from '../../src/domain/ports/certificateRepositories.ts'
import type {
  ContainerConsumerRepository,
  ContainerRepository,
} from '../../src/domain/ports/containerRepositories.ts'
import type {
  DeploymentRepository,
  ProjectKeyRepository,
  ProjectKeyRow,
} from '../../src/domain/ports/keyRepositories.ts'
import type { LeaseRepository } from '../../src/domain/ports/leases.ts'
import type {
  OrderRepository,
  OrderTaskRepository,
} from '../../src/domain/ports/orderRepositories.ts'
import type {
  ProjectDeletionRepository,
  ProjectPollRepository,
} from '../../src/domain/ports/projectDeletions.ts'
import type {
  PurgeRepository,
  QuotaRepository,
  TransportKeyRepository,
} from '../../src/domain/ports/projectRepositories.ts'
import type {
  SecretConsumerRepository,
  SecretMetadataRepository,
  SecretQuery,
  SecretRepository,
} from '../../src/domain/ports/secretRepositories.ts'
import {
  type ContainerId,
  newConsumerId,
  newContainerId,
  newOrderId,
  newSecretId,
  type ProjectId,
} from '../../src/lib/ids.ts'
import type { Timestamp } from '../../src/lib/timestamp.ts'
import type { Acl } from '../../src/model/acl.ts'
import type { Container, ContainerMember } from '../../src/model/container.ts'
import type { ContainerConsumer } from '../../src/model/containerConsumer.ts'
import type { Order } from '../../src/model/order.ts'
import type { Stored } from '../../src/model/record.ts'
import type { ProjectKeyId } from '../../src/model/sealedForms.ts'
import type { Secret } from '../../src/model/secret.ts'

/** What a repository contract runs on. */
export interface RepositoriesUnderTest {
  readonly secrets: SecretRepository
  readonly secretConsumers: SecretConsumerRepository
  readonly secretMetadata: SecretMetadataRepository
  readonly containers: ContainerRepository
  readonly containerConsumers: ContainerConsumerRepository
  readonly certificates: CertificateRepository
  readonly orders: OrderRepository
  readonly orderTasks: OrderTaskRepository
  readonly quotas: QuotaRepository
  readonly transportKeys: TransportKeyRepository
  readonly purge: PurgeRepository
  readonly projectKeys: ProjectKeyRepository
  readonly deletions: ProjectDeletionRepository & ProjectPollRepository
  readonly deployment: DeploymentRepository
  readonly leases: LeaseRepository
  /** Common SQL beside the repositories: what an attacker or an operator does by hand. */
  execute(sql: string, ...params: readonly unknown[]): readonly Readonly<Record<string, unknown>>[]
}

export const NOW = at('2026-11-22T12:00:00.000000')

export function at(text: string): Timestamp {
  return text as Timestamp
}

export type WithMac<T extends Secret | Container | Order> = Stored<T> & {
  readonly rowMac: Uint8Array
}

/** A project with its first key. */
export class Project {
  readonly id: ProjectId
  readonly key: ProjectKeyRow

  private constructor(id: ProjectId, key: ProjectKeyRow) {
    this.id = id
    this.key = key
  }

  static async make(repositories: RepositoriesUnderTest): Promise<Project> {
    const id = newProjectId()
    const key = aProjectKey(id)
    await repositories.projectKeys.activate(key)
    return new Project(id, key)
  }

  secret(changes: Partial<Secret> = {}): WithMac<Secret> {
    return {
      kind: 'secret',
      id: newSecretId(),
      projectId: this.id,
      name: 'disk',
      secretType: 'symmetric',
      algorithm: 'AES',
      bitLength: 256,
      mode: 'CBC',
      expiration: null,
      creatorId: 'creator',
      contentType: 'application/octet-stream',
      createdAt: NOW,
      updatedAt: NOW,
      acl: null,
      envelope: this.envelope(),
      rowMac: this.mac(),
      ...changes,
    }
  }

  container(changes: Partial<Container> = {}): WithMac<Container> {
    return {
      kind: 'container',
      id: newContainerId(),
      projectId: this.id,
      type: 'generic',
      name: 'listener',
      creatorId: 'creator',
      members: [],
      acl: null,
      createdAt: NOW,
      updatedAt: NOW,
      rowMac: this.mac(),
      ...changes,
    }
  }

  consumer(containerId: ContainerId, changes: Partial<ContainerConsumer> = {}): ContainerConsumer {
    return {
      id: newConsumerId(),
      containerId,
      name: 'Octavia',
      url: 'https://lb.example/1',
      projectId: this.id,
      createdAt: NOW,
      updatedAt: NOW,
      ...changes,
    }
  }

  order(changes: Partial<Order> = {}): WithMac<Order> {
    return {
      kind: 'order',
      id: newOrderId(),
      projectId: this.id,
      type: 'key',
      meta: { name: 'volume', algorithm: 'aes', bit_length: 256, expiration: null },
      status: 'ACTIVE',
      subStatus: 'Unknown',
      subStatusMessage: 'Unknown',
      errorStatusCode: null,
      errorReason: null,
      creatorId: 'creator',
      secretId: null,
      containerId: null,
      createdAt: NOW,
      updatedAt: NOW,
      rowMac: this.mac(),
      ...changes,
    }
  }

  mac(keyId: Uint8Array = this.key.id): Uint8Array {
    return Buffer.concat([keyId, randomBytes(32)])
  }

  envelope(keyId: Uint8Array = this.key.id): Uint8Array {
    return Buffer.concat([Buffer.from([1, 1, 0, 0]), keyId, randomBytes(60 + 12 + 32 + 16)])
  }
}

export function newProjectId(): ProjectId {
  return randomBytes(16).toString('hex') as ProjectId
}

export function aProjectKey(projectId: ProjectId, term = 1, store = 'keyring'): ProjectKeyRow {
  return {
    id: randomBytes(8) as Uint8Array as ProjectKeyId,
    projectId,
    store,
    term,
    state: 'active',
    wrapped: { kekId: 'kek-1', blob: randomBytes(60) },
    commitment: randomBytes(32),
    createdAt: NOW,
  }
}

export function anAcl(users: readonly string[], projectAccess = true): Acl {
  return { projectAccess, users, createdAt: NOW, updatedAt: NOW }
}

export function aMember(secret: Secret, name: string | null = null): ContainerMember {
  return { name, secretId: secret.id, isGone: false }
}

export function aQuery(project: Project, changes: Partial<SecretQuery> = {}): SecretQuery {
  return {
    scope: { projectId: project.id },
    filter: {},
    sort: [],
    limit: 100,
    offset: 0,
    now: NOW,
    ...changes,
  }
}

/** With every Uint8Array as a Buffer and ACL users as the set they are: records compare by what they say. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      key === 'users' && Array.isArray(part) ? part.toSorted() : plain(part),
    ]),
  )
}
