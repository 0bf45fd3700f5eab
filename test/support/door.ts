import { Agent, createServer, type Server } from 'node:http'
import { type Api, composeApi } from '../../src/compose/api.ts'
import { ChildKeyPairMaker } from '../../src/crypto/childKeyPairMaker.ts'
import { establishDeployment } from '../../src/crypto/deployment.ts'
import type { EnvelopeFormats } from '../../src/crypto/envelopeFormat.ts'
import type { Database } from '../../src/db/database.ts'
import type { IntegrityFinding, KeyPairMaker } from '../../src/domain/ports/crypto.ts'
import { synchronizeStores } from '../../src/domain/synchronizeStores.ts'
import type { CorsOptions } from '../../src/http/cors.ts'
import { AnybodysProxyWords, type ProxyWords } from '../../src/http/forwarded.ts'
import type { ClearTextRequest, CompletedRequest } from '../../src/http/observer.ts'
import { Peers } from '../../src/http/peers.ts'
import { type LimitedRequest, RateLimits, type RateLimitsParts } from '../../src/http/rateLimits.ts'
import type { SecretRouteOptions } from '../../src/http/resources/secrets.ts'
import type { Route } from '../../src/http/route.ts'
import type { Overload } from '../../src/http/workload.ts'
import type { Quotas } from '../../src/model/quota.ts'
import { onlyStore, type StoreBinding, type StorePlan } from '../../src/model/secretStore.ts'
import { compileRules } from '../../src/policy/compiledRules.ts'
import { type Decision, Policy } from '../../src/policy/policy.ts'
import type { OrderEvent } from '../../src/worker/orderEvent.ts'
import { Caller } from './doorCaller.ts'
import { DoorClock } from './doorClock.ts'
import { type FreshDatabase, freshDatabase } from './freshDatabase.ts'
import { HeaderAuthenticator } from './headerAuthenticator.ts'
import { MemoryKekStore } from './memoryKekStore.ts'

export const BASE = 'https://kms.example'

export interface DoorOptions {
  readonly enforceNewDefaults?: boolean
  readonly hostHref?: string
  readonly parseProxyHeaders?: boolean
  readonly proxyWords?: ProxyWords
  readonly onClearText?: (request: ClearTextRequest) => void
  readonly nameless?: SecretRouteOptions['nameless']
  readonly paging?: SecretRouteOptions['paging']
  readonly maxPayloadBytes?: number
  readonly maxBodyBytes?: number
  readonly cors?: Partial<CorsOptions>
  /** Makes key pairs; the real one unless the test says otherwise. */
  readonly keyPairs?: KeyPairMaker
  /** Orders wait; nobody works on them. */
  readonly hasNoWorker?: boolean
  /** How long a POST waits for the key pair it ordered; as shipped unless the test says otherwise. */
  readonly patienceMs?: number
  /** Two secret stores, `SEVERAL_STORES`, instead of none that anybody sees. */
  readonly hasSeveralStores?: boolean
  /** The second of them belongs to these. */
  readonly secondStoreBoundTo?: StoreBinding
  /** A node with other settings on the database and the KEK stores of this one, which outlives it. */
  readonly beside?: Door
  readonly envelopeFormats?: (deploymentId: string) => EnvelopeFormats
  readonly quotas?: Partial<Quotas>
  readonly mostAtOnce?: number
  /** Rates; none unless the test says otherwise. */
  readonly limits?: Partial<RateLimitsParts>
}

export interface Identity {
  readonly project: string
  readonly user?: string
  /** The project's; left out: the token does not say. */
  readonly domain?: string
  readonly roles: readonly string[]
}

/** The switches of a running door. */
export interface Mood {
  isOverloaded: boolean
  /** Requests that have come and not begun, as the listener would count them. */
  waiting: number
  isDraining: boolean
  isDisabled: boolean
  /** Waits for shares. */
  isSealed: boolean
  /** What /readyz would say. */
  isReady: boolean
}

/** The whole API over a database of its own, with fakes for KEK store and identity. */
export interface Door {
  readonly clock: DoorClock
  readonly authenticator: HeaderAuthenticator
  readonly kekStore: MemoryKekStore
  /** Of the second secret store; there is none behind it unless the door has several. */
  readonly secondKekStore: MemoryKekStore
  readonly database: Database
  readonly databasePath: string
  readonly deploymentId: string
  readonly storePlan: StorePlan
  /** SQL on a second connection to the same file. */
  readonly execute: FreshDatabase['execute']
  readonly routes: readonly Route[]
  readonly app: Api['app']
  readonly purges: Api['purges']
  readonly certificateWatch: Api['certificateWatch']
  readonly forgetKeys: Api['forgetKeys']
  readonly rewrapper: Api['rewrapper']
  readonly integrity: Api['integrity']
  readonly alarms: IntegrityFinding[]
  readonly failures: unknown[]
  readonly completed: CompletedRequest[]
  readonly refusals: string[]
  readonly limited: LimitedRequest[]
  readonly shed: Overload[]
  /** Every answer of the policy, by the id of the request that asked for it. */
  readonly decisions: ReadonlyMap<string, readonly Decision[]>
  readonly mood: Mood
  readonly orderEvents: OrderEvent[]
  as(identity: Identity): Caller
  /** Nobody: no identity headers at all. */
  readonly nobody: Caller
  close(): Promise<void>
}

type Place = Pick<
  Door,
  'clock' | 'kekStore' | 'secondKekStore' | 'database' | 'databasePath' | 'execute'
>

async function newPlace(t: Parameters<typeof freshDatabase>[0]): Promise<Place> {
  const clock = new DoorClock()
  const { database, path, execute } = await freshDatabase(t, { clock })
  return {
    clock,
    kekStore: new MemoryKekStore(),
    secondKekStore: new MemoryKekStore(undefined, 'memory:second'),
    database,
    databasePath: path,
    execute,
  }
}

export async function openDoor(options: DoorOptions = {}): Promise<Door> {
  const closing: (() => Promise<void>)[] = []
  const place = options.beside ?? (await newPlace({ after: (work) => void closing.push(work) }))
  const { clock, kekStore, secondKekStore } = place
  const hasSeveral = options.hasSeveralStores ?? false
  const kekStores = hasSeveral ? [kekStore, secondKekStore] : [kekStore]
  const storePlan = hasSeveral
    ? severalStores(options.secondStoreBoundTo)
    : onlyStore(kekStore.name)
  const { deploymentId } = await establishDeployment({
    deployment: place.database.deployment,
    kekStores,
    clock,
  })
  await synchronizeStores({ plan: storePlan, stores: place.database.secretStores, clock })
  const authenticator = new HeaderAuthenticator()
  const seen = watcher()
  const mood: Mood = {
    isOverloaded: false,
    waiting: 0,
    isDraining: false,
    isDisabled: false,
    isSealed: false,
    isReady: true,
  }
  const rules = compileRules({ enforceNewDefaults: options.enforceNewDefaults ?? false })
  const keyPairs = new ChildKeyPairMaker()
  const api = composeApi({
    database: place.database,
    kekStores,
    storePlan,
    deploymentId,
    authenticator,
    policy: new Policy({ rules, onDecision: seen.onDecision }),
    alarms: { integrity: (finding) => void seen.alarms.push(finding) },
    clock,
    projectKeyLimits: KEY_LIMITS,
    ...(options.envelopeFormats && { envelopeFormats: options.envelopeFormats(deploymentId) }),
    keyPairs: options.keyPairs ?? keyPairs,
    processes: { own: 'door', isDead: () => false },
    onOrderEvent: (event) => void seen.orderEvents.push(event),
    // It looks when an order is placed: a look of its own accord would move the clock of a test.
    workerTimes: {
      lookEveryMs: 3_600_000,
      ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }),
    },
    door: {
      observer: seen.observer,
      healthSwitch: { isDisabled: async () => mood.isDisabled },
      isReady: async () => mood.isReady,
      maxBodyBytes: options.maxBodyBytes ?? 25_000,
      isOverloaded: () => mood.isOverloaded,
      workload: {
        most: options.mostAtOnce ?? MOST_AT_ONCE,
        waiting: () => mood.waiting,
        onShed: (why) => void seen.shed.push(why),
      },
      rateLimits: RateLimits.of({
        reads: UNHELD,
        writes: UNHELD,
        failedLogins: 'off',
        exemptProjects: [],
        exemptRoles: [],
        mostBuckets: 100,
        monotonicMs: () => clock.monotonicMs(),
        onLimited: (request) => void seen.limited.push(request),
        ...options.limits,
      }),
      isSealed: () => mood.isSealed,
      isDraining: () => mood.isDraining,
      ...(options.onClearText === undefined ? {} : { onClearText: options.onClearText }),
    },
    href: {
      hostHref: options.hostHref ?? BASE,
      proxyWords:
        options.proxyWords ??
        new AnybodysProxyWords({
          parsesAll: options.parseProxyHeaders ?? false,
          peers: new Peers(),
        }),
      fallback: 'http://127.0.0.1:9311',
    },
    cors: { ...CORS, ...options.cors },
    secretOptions: {
      paging: options.paging ?? { defaultLimit: 10, maxLimit: 100 },
      maxPayloadBytes: options.maxPayloadBytes ?? 20_000,
      nameless: options.nameless ?? 'null',
    },
    defaultQuotas: { ...UNLIMITED, ...options.quotas },
  })
  const { app, routes, orderWorker, purges, certificateWatch } = api
  const { forgetKeys, rewrapper, integrity } = api
  if (options.hasNoWorker !== true) orderWorker.start()
  const server = await listening(createServer({ keepAliveTimeout: 60_000 }, app.callback()))
  const agent = new Agent({ keepAlive: true })
  const as = (headers: Readonly<Record<string, string>>): Caller =>
    new Caller({ server, agent, routes, headers })
  return {
    ...seen,
    clock,
    authenticator,
    kekStore,
    secondKekStore,
    database: place.database,
    databasePath: place.databasePath,
    deploymentId,
    storePlan,
    execute: place.execute,
    routes,
    app,
    purges,
    certificateWatch,
    forgetKeys,
    rewrapper,
    integrity,
    mood,
    as: ({ project, user, domain, roles }) =>
      as({
        'x-project-id': project,
        ...(domain === undefined ? {} : { 'x-project-domain-id': domain }),
        ...(user === undefined ? {} : { 'x-user-id': user }),
        'x-roles': roles.join(','),
      }),
    nobody: as({}),
    close: async () => {
      agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await orderWorker.stop()
      keyPairs.stop()
      for (const work of closing) await work()
    },
  }
}

function watcher() {
  const alarms: IntegrityFinding[] = []
  const failures: unknown[] = []
  const completed: CompletedRequest[] = []
  const refusals: string[] = []
  const limited: LimitedRequest[] = []
  const shed: Overload[] = []
  const orderEvents: OrderEvent[] = []
  const decisions = new Map<string, Decision[]>()
  return {
    orderEvents,
    decisions,
    onDecision: (decision: Decision): void => {
      const { requestId } = decision.ctx
      decisions.set(requestId, [...(decisions.get(requestId) ?? []), decision])
    },
    alarms,
    failures,
    completed,
    refusals,
    limited,
    shed,
    observer: {
      completed: (request: CompletedRequest) => void completed.push(request),
      failed: (error: unknown) => void failures.push(error),
      refused: ({ reason }: { readonly reason: string }) => void refusals.push(reason),
    },
  }
}

async function listening(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

const FIRST_STORE = {
  suffix: 'software',
  name: 'Software Only Crypto',
  secretStorePlugin: 'store_crypto',
  cryptoPlugin: 'simple_crypto',
  kekStore: 'memory',
}
const SECOND_STORE = {
  suffix: 'second',
  name: 'Second keyring',
  secretStorePlugin: 'store_crypto',
  cryptoPlugin: null,
  kekStore: 'memory:second',
}
export const SEVERAL_STORES: StorePlan = {
  isEnabled: true,
  globalDefault: FIRST_STORE,
  stores: [FIRST_STORE, SECOND_STORE],
}

/** The same, with whom the second one belongs to. */
export function severalStores(boundTo: StoreBinding | undefined): StorePlan {
  if (boundTo === undefined) return SEVERAL_STORES
  return { ...SEVERAL_STORES, stores: [FIRST_STORE, { ...SECOND_STORE, boundTo }] }
}

export const KEY_LIMITS = {
  ttlSeconds: 900,
  staleSeconds: 600,
  maxEntries: 1_000,
  maxWrapsPerTerm: 2 ** 30,
  wrapBlock: 2 ** 16,
  maxTermAgeSeconds: 365 * 86_400,
  kekTimeoutMs: 5_000,
}

/** More than any test asks for at once, unless it says that so many wait. */
export const MOST_AT_ONCE = 10_000
const UNHELD = { global: 'off', project: 'off', user: 'off' } as const

const UNLIMITED: Quotas = { secrets: -1, orders: -1, containers: -1, consumers: -1, cas: -1 }

const CORS: CorsOptions = {
  allowedOrigins: [],
  allowCredentials: true,
  maxAgeSeconds: 3600,
  exposeHeaders: [],
  allowMethods: ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'],
  allowHeaders: [],
}
