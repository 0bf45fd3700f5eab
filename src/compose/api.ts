import type Koa from 'koa'
import { CertificateReader } from '../crypto/certificateReader.ts'
import type { EnvelopeFormats } from '../crypto/envelopeFormat.ts'
import { EnvelopeRewrapper } from '../crypto/envelopeRewrapper.ts'
import { RowIntegrity } from '../crypto/integrity.ts'
import { Keyring } from '../crypto/keyring.ts'
import type { KeyringParts } from '../crypto/keyringParts.ts'
import { PreferredStores } from '../crypto/preferredStores.ts'
import { EnvelopeSealer } from '../crypto/sealer.ts'
import { containerAclParent, secretAclParent } from '../domain/aclParents.ts'
import { Acls } from '../domain/acls.ts'
import { Certificates } from '../domain/certificates.ts'
import { CertificateWatch } from '../domain/certificateWatch.ts'
import { ContainerConsumers } from '../domain/containerConsumers.ts'
import { Containers } from '../domain/containers.ts'
import { Orders } from '../domain/orders.ts'
import type { CertificateRepository } from '../domain/ports/certificateRepositories.ts'
import type {
  ContainerConsumerRepository,
  ContainerRepository,
} from '../domain/ports/containerRepositories.ts'
import type { Alarms, Integrity, KekStore, KeyPairMaker } from '../domain/ports/crypto.ts'
import type { Authenticator } from '../domain/ports/identity.ts'
import type { ProjectKeyRepository } from '../domain/ports/keyRepositories.ts'
import type {
  OrderRepository,
  OrderTaskRepository,
  ProcessMarks,
} from '../domain/ports/orderRepositories.ts'
import type {
  PurgeRepository,
  QuotaRepository,
  SecretStoreRepository,
  TransportKeyRepository,
} from '../domain/ports/projectRepositories.ts'
import type { Rewrapper } from '../domain/ports/rotation.ts'
import type {
  SecretConsumerRepository,
  SecretMetadataRepository,
  SecretRepository,
} from '../domain/ports/secretRepositories.ts'
import { SecretPurge, TombstonePurge } from '../domain/purge.ts'
import { ProjectQuotaSettings } from '../domain/quotas.ts'
import { SecretConsumers } from '../domain/secretConsumers.ts'
import { SecretMetadata } from '../domain/secretMetadata.ts'
import { SecretStores } from '../domain/secretStores.ts'
import { Secrets } from '../domain/secrets.ts'
import { TransportKeys } from '../domain/transportKeys.ts'
import { ApiDocument } from '../http/apiDocument.ts'
import { type AppParts, createApp } from '../http/app.ts'
import { Cors, type CorsOptions } from '../http/cors.ts'
import { type HrefOptions, hrefBase } from '../http/hrefs.ts'
import { containerAclRoutes, secretAclRoutes } from '../http/resources/acls.ts'
import { certificateRoutes } from '../http/resources/certificates.ts'
import { containerConsumerRoutes } from '../http/resources/containerConsumers.ts'
import { containerRoutes } from '../http/resources/containers.ts'
import { orderRoutes } from '../http/resources/orders.ts'
import { quotaRoutes } from '../http/resources/quotas.ts'
import { secretConsumerRoutes } from '../http/resources/secretConsumers.ts'
import { secretMetadataRoutes } from '../http/resources/secretMetadata.ts'
import { secretStoreRoutes } from '../http/resources/secretStores.ts'
import { type SecretRouteOptions, secretRoutes } from '../http/resources/secrets.ts'
import { transportKeyRoutes } from '../http/resources/transportKeys.ts'
import type { Route } from '../http/route.ts'
import { Workload, type WorkloadParts } from '../http/workload.ts'
import { DomainWitness } from '../identity/domainWitness.ts'
import type { Clock } from '../lib/clock.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { Quotas } from '../model/quota.ts'
import type { StorePlan } from '../model/secretStore.ts'
import { StoreBindings } from '../model/storeBindings.ts'
import type { Policy } from '../policy/policy.ts'
import { KeyPairTask } from '../worker/keyPairTask.ts'
import { OrderWorker, type OrderWorkerParts } from '../worker/orderWorker.ts'

/** What the API stands on, opened by somebody else: `compose.ts`, or a test with fakes. */
export interface ApiParts {
  readonly database: {
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
    readonly secretStores: SecretStoreRepository
  }
  /** Those of all secret stores, and of none else. */
  readonly kekStores: readonly KekStore[]
  readonly storePlan: StorePlan
  readonly deploymentId: string
  readonly authenticator: Authenticator
  readonly policy: Policy
  readonly alarms: Alarms
  readonly clock: Clock
  readonly projectKeyLimits: KeyringParts['limits']
  /** Those of this release, unless a test says otherwise. */
  readonly envelopeFormats?: EnvelopeFormats
  readonly onKeyringEvent?: KeyringParts['onEvent']
  readonly keyPairs: KeyPairMaker
  readonly processes: ProcessMarks
  readonly onOrderEvent: OrderWorkerParts['onEvent']
  readonly workerTimes?: OrderWorkerParts['times']
  readonly door: Pick<
    AppParts,
    | 'observer'
    | 'onClearText'
    | 'healthSwitch'
    | 'isReady'
    | 'maxBodyBytes'
    | 'rateLimits'
    | 'unreadAnswers'
    | 'isSealed'
    | 'isDraining'
  > & {
    /** True while new work would only make everything slower. */
    isOverloaded(): boolean
    readonly workload?: Omit<WorkloadParts, 'isLoopLate'>
  }
  readonly href: HrefOptions
  readonly cors: CorsOptions
  readonly secretOptions: SecretRouteOptions
  readonly defaultQuotas: Quotas
}

export interface Api {
  readonly app: Koa
  /** Works when it is started; without one, key pairs are made by another process. */
  readonly orderWorker: OrderWorker
  readonly routes: readonly Route[]
  readonly certificateWatch: CertificateWatch
  /** On the same keys, as all that follows: for jobs. */
  readonly rewrapper: Rewrapper
  readonly integrity: Integrity
  /** Drops what is remembered of a project that was deleted. */
  readonly forgetKeys: (projectId: ProjectId) => void
  /** Drops all keys. */
  readonly forgetAllKeys: () => void
  /** A KEK store was unsealed. */
  readonly storeIsBack: (name: string) => void
  /** On the same keys: for housekeeping. */
  readonly purges: { readonly expiredSecrets: SecretPurge; readonly tombstones: TombstonePurge }
}

const UNBOUNDED: Omit<WorkloadParts, 'isLoopLate'> = {
  waiting: () => 0,
  most: 0,
  onShed: () => undefined,
}

/** From opened adapters to the HTTP application, by hand. */
export function composeApi(parts: ApiParts): Api {
  const { database, kekStores, storePlan, deploymentId, policy, alarms, clock } = parts
  const bindings = new StoreBindings(storePlan)
  const witness = bindings.haveDomains ? new DomainWitness(parts.authenticator) : undefined
  const storeChoice = new PreferredStores({
    plan: storePlan,
    bindings,
    preferences: database.secretStores,
    domainOf: (projectId) => witness?.domainOf(projectId),
    clock,
    maxEntries: parts.projectKeyLimits.maxEntries,
  })
  const keyring = new Keyring({
    kekStores,
    storeChoice,
    projectKeys: database.projectKeys,
    deploymentId,
    clock,
    alarms,
    limits: parts.projectKeyLimits,
    ...(parts.onKeyringEvent === undefined ? {} : { onEvent: parts.onKeyringEvent }),
  })
  const sealer = new EnvelopeSealer({ ...parts, keyring, formats: parts.envelopeFormats })
  const integrity = new RowIntegrity({ keyring, deploymentId, alarms })
  const workload = new Workload({
    ...UNBOUNDED,
    ...parts.door.workload,
    isLoopLate: () => parts.door.isOverloaded(),
  })
  const sparing = new RowIntegrity({
    keyring,
    deploymentId,
    alarms,
    isSparing: () => workload.overload() !== undefined,
  })
  const { defaultQuotas } = parts
  const payloadReader = new CertificateReader(sealer)
  const ofCrypto = { integrity, sealer, payloadReader, keyCache: keyring }
  const shared = { ...ofCrypto, defaultQuotas, policy, clock }

  const ofSecrets = { ...shared, secrets: database.secrets, consumers: database.secretConsumers }
  const secrets = new Secrets({ ...ofSecrets, integrity: sparing })
  const secretConsumers = new SecretConsumers(ofSecrets)
  const secretAcls = new Acls({ ...shared, parent: secretAclParent(ofSecrets) })
  const metadata = new SecretMetadata({
    ...shared,
    secrets: database.secrets,
    metadata: database.secretMetadata,
  })
  const ofContainers = {
    ...shared,
    containers: database.containers,
    consumers: database.containerConsumers,
  }
  const containers = new Containers(ofContainers)
  const containerConsumers = new ContainerConsumers(ofContainers)
  const containerAcls = new Acls({ ...shared, parent: containerAclParent(ofContainers) })
  const inputs = sealer.orderInputs
  const orderWorker = new OrderWorker({
    tasks: database.orderTasks,
    keyPairTask: new KeyPairTask({
      ...shared,
      tasks: database.orderTasks,
      maker: parts.keyPairs,
      inputs,
      alarms,
    }),
    processes: parts.processes,
    clock,
    onEvent: parts.onOrderEvent,
    ...(parts.workerTimes === undefined ? {} : { times: parts.workerTimes }),
  })
  const orders = new Orders({
    ...shared,
    orders: database.orders,
    inputs,
    whenWorkedOn: (id) => orderWorker.workOnSoon(id),
  })
  const secretStores = new SecretStores({
    plan: storePlan,
    bindings,
    stores: database.secretStores,
    storeChoice,
    policy,
    clock,
  })
  const quotas = new ProjectQuotaSettings({ ...shared, quotas: database.quotas })
  const transportKeys = new TransportKeys({ ...shared, transportKeys: database.transportKeys })
  const purges = {
    expiredSecrets: new SecretPurge({
      ...shared,
      secrets: database.secrets,
      purge: database.purge,
    }),
    tombstones: new TombstonePurge(database.purge),
  }

  const certificates = new Certificates({ ...shared, ...database })
  const certificateWatch = new CertificateWatch({ certificates: database.certificates, clock })

  // The hottest paths first: the router looks at them in this order.
  const { paging } = parts.secretOptions
  const routes = [
    ...secretRoutes(secrets, parts.secretOptions),
    ...orderRoutes(orders, paging),
    ...containerRoutes(containers, paging),
    ...containerConsumerRoutes(containerConsumers, paging),
    ...secretMetadataRoutes(metadata),
    ...secretConsumerRoutes(secretConsumers, parts.secretOptions),
    ...secretAclRoutes(secretAcls),
    ...containerAclRoutes(containerAcls),
    ...certificateRoutes(certificates),
    ...secretStoreRoutes(secretStores),
    ...quotaRoutes(quotas, parts.secretOptions.paging),
    ...transportKeyRoutes(transportKeys, parts.secretOptions.paging),
  ]
  const app = createApp({
    ...parts.door,
    workload,
    routes,
    authenticator: witness ?? parts.authenticator,
    hrefBase: hrefBase(parts.href),
    proxyWords: parts.href.proxyWords,
    cors: new Cors(parts.cors),
    // Beside `src`, and beside `dist/src` in what was built.
    apiDocument: new ApiDocument(new URL('../../api-ref/openapi.json', import.meta.url)),
  })
  const forgetKeys = (projectId: ProjectId): void => {
    keyring.purge(projectId)
    storeChoice.forget(projectId)
  }
  return {
    app,
    routes,
    orderWorker,
    purges,
    certificateWatch,
    forgetKeys,
    forgetAllKeys: () => keyring.forgetAll(),
    storeIsBack: (name) => keyring.storeIsBack(name),
    rewrapper: new EnvelopeRewrapper({ keyring, sealer, integrity }),
    integrity,
  }
}
