import type { CertificateRepository } from '../domain/ports/certificateRepositories.ts'
import type {
  ContainerConsumerRepository,
  ContainerRepository,
} from '../domain/ports/containerRepositories.ts'
import type { JobRepository } from '../domain/ports/jobs.ts'
import type {
  CanaryRepository,
  DatabaseHealth,
  DeploymentRepository,
  ProjectKeyRepository,
} from '../domain/ports/keyRepositories.ts'
import type { LeaseRepository } from '../domain/ports/leases.ts'
import type { NodeRepository } from '../domain/ports/nodes.ts'
import type { OrderRepository, OrderTaskRepository } from '../domain/ports/orderRepositories.ts'
import type {
  ProjectDeletionRepository,
  ProjectPollRepository,
} from '../domain/ports/projectDeletions.ts'
import type {
  PurgeRepository,
  QuotaRepository,
  SecretStoreRepository,
  TransportKeyRepository,
} from '../domain/ports/projectRepositories.ts'
import type { RotationRepository } from '../domain/ports/rotation.ts'
import type {
  SecretConsumerRepository,
  SecretMetadataRepository,
  SecretRepository,
} from '../domain/ports/secretRepositories.ts'
import type { ShredReportRepository } from '../domain/ports/shredReports.ts'
import { SqlCertificateRepository } from './certificateRepository.ts'
import { SqlContainerConsumerRepository } from './containerConsumerRepository.ts'
import { SqlContainerRepository } from './containerRepository.ts'
import { SqlDatabaseHealth } from './databaseHealth.ts'
import { SqlDeploymentRepository } from './deploymentRepository.ts'
import { SqlJobRepository } from './jobRepository.ts'
import { SqlLeaseRepository } from './leaseRepository.ts'
import { SqlNodeRepository } from './nodeRepository.ts'
import { SqlOrderRepository } from './orderRepository.ts'
import { SqlOrderTaskRepository } from './orderTaskRepository.ts'
import { SqlProjectDeletionRepository } from './projectDeletionRepository.ts'
import { SqlProjectKeyRepository } from './projectKeyRepository.ts'
import { SqlPurgeRepository } from './purgeRepository.ts'
import { SqlQuotaRepository } from './quotaRepository.ts'
import { SqlRotationRepository } from './rotationRepository.ts'
import { SqlSecretConsumerRepository } from './secretConsumerRepository.ts'
import { SqlSecretMetadataRepository } from './secretMetadataRepository.ts'
import { type RepositoryParts, SqlSecretRepository } from './secretRepository.ts'
import { SqlSecretStoreRepository } from './secretStoreRepository.ts'
import { SqlShredReportRepository } from './shredReportRepository.ts'
import { SqlTransportKeyRepository } from './transportKeyRepository.ts'

/** One for each noun; the same on every database. */
export interface Repositories {
  readonly secrets: SecretRepository
  readonly secretMetadata: SecretMetadataRepository
  readonly containers: ContainerRepository
  readonly containerConsumers: ContainerConsumerRepository
  readonly secretConsumers: SecretConsumerRepository
  readonly certificates: CertificateRepository
  readonly orders: OrderRepository
  readonly orderTasks: OrderTaskRepository
  readonly quotas: QuotaRepository
  readonly transportKeys: TransportKeyRepository
  readonly purge: PurgeRepository
  readonly projectKeys: ProjectKeyRepository
  readonly deletions: ProjectDeletionRepository & ProjectPollRepository
  readonly shredReports: ShredReportRepository
  readonly deployment: DeploymentRepository & CanaryRepository
  readonly secretStores: SecretStoreRepository
  readonly leases: LeaseRepository
  readonly jobs: JobRepository
  readonly nodes: NodeRepository
  readonly rotation: RotationRepository
  readonly health: DatabaseHealth
}

export function repositoriesOver(parts: RepositoryParts): Repositories {
  return {
    secrets: new SqlSecretRepository(parts),
    secretMetadata: new SqlSecretMetadataRepository(parts),
    containers: new SqlContainerRepository(parts),
    containerConsumers: new SqlContainerConsumerRepository(parts),
    secretConsumers: new SqlSecretConsumerRepository(parts),
    certificates: new SqlCertificateRepository(parts),
    orders: new SqlOrderRepository(parts),
    orderTasks: new SqlOrderTaskRepository(parts),
    quotas: new SqlQuotaRepository(parts),
    transportKeys: new SqlTransportKeyRepository(parts),
    purge: new SqlPurgeRepository(parts),
    projectKeys: new SqlProjectKeyRepository(parts),
    deletions: new SqlProjectDeletionRepository(parts),
    shredReports: new SqlShredReportRepository(parts),
    deployment: new SqlDeploymentRepository(parts),
    secretStores: new SqlSecretStoreRepository(parts),
    leases: new SqlLeaseRepository(parts),
    jobs: new SqlJobRepository(parts),
    nodes: new SqlNodeRepository(parts),
    rotation: new SqlRotationRepository(parts),
    health: new SqlDatabaseHealth(parts),
  }
}
