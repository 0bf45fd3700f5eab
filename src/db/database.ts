import { statSync } from 'node:fs'
import type {
  ContainerConsumerRepository,
  ContainerRepository,
} from '../domain/ports/containerRepositories.ts'
import type {
  DatabaseHealth,
  DeploymentRepository,
  ProjectKeyRepository,
} from '../domain/ports/keyRepositories.ts'
import type { OrderRepository, OrderTaskRepository } from '../domain/ports/orderRepositories.ts'
import type {
  PurgeRepository,
  QuotaRepository,
  SecretStoreRepository,
  TransportKeyRepository,
} from '../domain/ports/projectRepositories.ts'
import type {
  SecretConsumerRepository,
  SecretMetadataRepository,
  SecretRepository,
} from '../domain/ports/secretRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { SqlContainerConsumerRepository } from './containerConsumerRepository.ts'
import { SqlContainerRepository } from './containerRepository.ts'
import type { OnDatabaseEvent } from './databaseEvent.ts'
import { SqlDatabaseHealth } from './databaseHealth.ts'
import { parseDatabaseUrl } from './databaseLocation.ts'
import { SqlDeploymentRepository } from './deploymentRepository.ts'
import { dialectSqlite } from './dialectSqlite.ts'
import { SnapshotLists } from './lists.ts'
import { SqlOrderRepository } from './orderRepository.ts'
import { SqlOrderTaskRepository } from './orderTaskRepository.ts'
import { SqlProjectKeyRepository } from './projectKeyRepository.ts'
import { SqlPurgeRepository } from './purgeRepository.ts'
import { SqlQuotaRepository } from './quotaRepository.ts'
import { isEmptyOrRefuse, orRefuse, schemaStatus, upgradeSchema } from './schema.ts'
import { SqlSecretConsumerRepository } from './secretConsumerRepository.ts'
import { SqlSecretMetadataRepository } from './secretMetadataRepository.ts'
import { SqlSecretRepository } from './secretRepository.ts'
import { SqlSecretStoreRepository } from './secretStoreRepository.ts'
import { SizedLists } from './sizedLists.ts'
import { SqliteReader } from './sqliteReader.ts'
import { SqliteWriter, type SqliteWriterParts } from './sqliteWriter.ts'
import { ThreadedLists } from './threadedLists.ts'
import { SqlTransportKeyRepository } from './transportKeyRepository.ts'

export interface Database {
  readonly secrets: SecretRepository
  readonly secretMetadata: SecretMetadataRepository
  readonly containers: ContainerRepository
  readonly containerConsumers: ContainerConsumerRepository
  readonly secretConsumers: SecretConsumerRepository
  readonly orders: OrderRepository
  readonly orderTasks: OrderTaskRepository
  readonly quotas: QuotaRepository
  readonly transportKeys: TransportKeyRepository
  readonly purge: PurgeRepository
  readonly projectKeys: ProjectKeyRepository
  readonly deployment: DeploymentRepository
  readonly secretStores: SecretStoreRepository
  readonly health: DatabaseHealth
  /** Bytes on the disk, for the metrics. */
  size(): DatabaseSize
  /** Answers what was accepted, empties the log, closes. */
  close(): Promise<void>
}

export interface DatabaseSize {
  readonly databaseBytes: number
  readonly logBytes: number
}

export interface DatabaseOptions {
  /** SQLAlchemy's form: `sqlite:////absolute/path`. */
  readonly url: string
  readonly clock: Clock
  readonly onEvent?: OnDatabaseEvent
  /** For tests and the bench alone. */
  readonly writer?: Partial<Pick<SqliteWriterParts, 'startThread'>> &
    Omit<SqliteWriterParts['thread'], 'path'>
}

/**
 * Opens the database and waits until it can be written. An empty one is given its schema; one that
 * holds data is only upgraded when the operator says so.
 *
 * @throws StartupRefusal
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { path } = parseDatabaseUrl(options.url)
  if (isEmptyOrRefuse(schemaStatus(options.url))) await upgradeSchema(options.url)

  // Loads while the writer starts.
  const knexModule = import('knex')
  const onEvent = options.onEvent ?? (() => undefined)
  const monotonicMs = () => options.clock.monotonicMs()
  const { startThread, ...thread } = options.writer ?? {}
  const writer = new SqliteWriter({
    thread: { path, ...thread },
    monotonicMs,
    onEvent,
    ...(startThread === undefined ? {} : { startThread }),
  })
  const reader = new SqliteReader({ path, monotonicMs, onEvent })
  try {
    const [failure] = await Promise.all([writer.start(), knexModule])
    if (failure !== undefined) {
      throw new StartupRefusal(`The database ${path} cannot be written: ${failure}`)
    }
    orRefuse(path, () => reader.ensureOpen())
  } catch (error) {
    reader.close()
    await writer.close()
    throw error
  }

  const { default: knex } = await knexModule
  const builder = knex({ client: dialectSqlite.knexClient, useNullAsDefault: true })
  const here = new SnapshotLists({ reads: reader, dialect: dialectSqlite, builder })
  const aside = new ThreadedLists({ path })
  const lists = new SizedLists({ reads: reader, here, aside })
  const parts = { reads: reader, commands: writer, lists, dialect: dialectSqlite, onEvent }
  return {
    secrets: new SqlSecretRepository(parts),
    secretMetadata: new SqlSecretMetadataRepository(parts),
    containers: new SqlContainerRepository(parts),
    containerConsumers: new SqlContainerConsumerRepository(parts),
    secretConsumers: new SqlSecretConsumerRepository(parts),
    orders: new SqlOrderRepository(parts),
    orderTasks: new SqlOrderTaskRepository(parts),
    quotas: new SqlQuotaRepository(parts),
    transportKeys: new SqlTransportKeyRepository(parts),
    purge: new SqlPurgeRepository(parts),
    projectKeys: new SqlProjectKeyRepository(parts),
    deployment: new SqlDeploymentRepository(parts),
    secretStores: new SqlSecretStoreRepository(parts),
    health: new SqlDatabaseHealth(parts),
    size: () => ({ databaseBytes: bytesOf(path), logBytes: bytesOf(`${path}-wal`) }),
    close: async () => {
      // The last to close is the writer: it can put the log away, a reader cannot.
      reader.close()
      await aside.close()
      await writer.close()
    },
  }
}

function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
