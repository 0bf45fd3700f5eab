import type { Who } from './load/callers.ts'
import { containerConsumers, metadataOfUsed, secretConsumers } from './load/consumers.ts'
import type { LoadRequest, Work } from './load/loadJob.ts'
import { octaviaListeners } from './load/octavia.ts'
import { keyOrders } from './load/orderSequences.ts'
import {
  type Callers,
  castellanFetches,
  discovery,
  lists,
  metadata,
  payloads,
  payloadsWithColdKeys,
  ROOM_FOR_KEYS,
  stores,
} from './load/workloads.ts'
import type { Configuration } from './target/gatehouse.ts'

/** The servers that cases run on. `keystone` is filled in with the address of the stand-in. */
export const SERVERS = {
  shipped: { auth: 'token', configuration: {} },
  'no access log': { auth: 'token', configuration: { gatehouse: { access_log: 'none' } } },
  keystone: { auth: 'keystone', configuration: {} },
  'few keys': { auth: 'token', configuration: { project_keys: { cache_size: ROOM_FOR_KEYS } } },
  'ids as names': { auth: 'token', configuration: { gatehouse: { nameless_secrets: 'id' } } },
  writing: { auth: 'token', configuration: {} },
  sharing: { auth: 'token', configuration: {} },
} satisfies Record<
  string,
  { readonly auth: 'token' | 'keystone'; readonly configuration: Configuration }
>
export type ServerName = keyof typeof SERVERS

export interface BenchCase {
  readonly name: string
  readonly title: string
  readonly server: ServerName
  /** Cases that `--only` takes under one name. */
  readonly group?: string
  readonly callers: Who
  /** May make at that server, through the API, what the fixture lacks. */
  readonly work: (callers: Callers, origin: string) => Work | Promise<Work>
  /** The most it may cost, in CPU of hello. */
  readonly bar?: number
  readonly goal?: number
  /** Requests that make one of what the case is about; sequences tell by themselves. */
  readonly requestsEach?: number
}

const sending =
  (requests: (callers: Callers) => readonly LoadRequest[]): BenchCase['work'] =>
  (callers) => ({ requests: requests(callers) })

export const CASES: readonly BenchCase[] = [
  {
    name: 'root',
    title: 'GET /',
    server: 'shipped',
    callers: 'usual',
    work: sending(discovery),
  },
  {
    name: 'metadata',
    title: 'metadata GET',
    server: 'shipped',
    callers: 'usual',
    work: sending(metadata),
    bar: 4,
  },
  {
    name: 'metadata-quiet',
    title: 'metadata GET, access log off',
    server: 'no access log',
    callers: 'usual',
    work: sending(metadata),
    goal: 3.5,
  },
  {
    name: 'payload',
    title: 'payload GET, local tokens',
    server: 'shipped',
    callers: 'usual',
    work: sending(payloads),
    bar: 5,
  },
  {
    name: 'payload-quiet',
    title: 'payload GET, access log off',
    server: 'no access log',
    callers: 'usual',
    work: sending(payloads),
    goal: 4,
  },
  {
    name: 'payload-keystone',
    title: 'payload GET, Keystone tokens',
    server: 'keystone',
    callers: 'usual',
    work: sending(payloads),
    bar: 5,
  },
  {
    name: 'payload-cold',
    title: 'payload GET, 2 % cold project keys',
    server: 'few keys',
    callers: 'usual',
    work: sending(payloadsWithColdKeys),
  },
  {
    name: 'list-10',
    title: 'list of 10',
    server: 'shipped',
    callers: 'large',
    work: sending((callers) => lists(callers, 10)),
  },
  {
    name: 'list-100',
    title: 'list of 100',
    server: 'shipped',
    callers: 'large',
    work: sending((callers) => lists(callers, 100)),
  },
  {
    name: 'castellan',
    title: 'castellan fetch, 14 + 1',
    server: 'shipped',
    callers: 'usual',
    work: sending((callers) => castellanFetches(callers, 14)),
    requestsEach: 15,
  },
  {
    name: 'castellan-ids',
    title: 'castellan fetch, ids as names, 1 + 1',
    server: 'ids as names',
    callers: 'usual',
    work: sending((callers) => castellanFetches(callers, 1)),
    requestsEach: 2,
  },
  {
    name: 'post',
    title: 'POST secret (durable)',
    server: 'writing',
    callers: 'usual',
    work: sending(stores),
  },
  {
    name: 'key-order',
    title: 'key order, key fetched',
    server: 'writing',
    callers: 'usual',
    work: (callers) => ({ sequences: keyOrders(callers) }),
  },
  {
    name: 'octavia',
    title: "Octavia's certificate of a listener",
    server: 'sharing',
    callers: 'usual',
    work: async (callers, origin) => ({ sequences: await octaviaListeners(callers, origin) }),
  },
  {
    name: 'consumers-secret',
    title: 'consumer of a secret, there and gone',
    group: 'consumers',
    server: 'sharing',
    callers: 'usual',
    work: (callers) => ({ sequences: secretConsumers(callers) }),
  },
  {
    name: 'consumers-container',
    title: 'consumer of a container, there and gone',
    group: 'consumers',
    server: 'sharing',
    callers: 'usual',
    work: async (callers, origin) => ({ sequences: await containerConsumers(callers, origin) }),
  },
  {
    name: 'consumers-metadata',
    title: 'metadata GET at 1.1, 3 consumers',
    group: 'consumers',
    server: 'sharing',
    callers: 'usual',
    work: async (callers, origin) => ({ requests: await metadataOfUsed(callers, origin) }),
  },
]
