import type { LoadRequest } from './load/loadJob.ts'
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
} satisfies Record<
  string,
  { readonly auth: 'token' | 'keystone'; readonly configuration: Configuration }
>
export type ServerName = keyof typeof SERVERS

export interface BenchCase {
  readonly name: string
  readonly title: string
  readonly server: ServerName
  /** 'large': projects of a hundred secrets. */
  readonly callers: 'usual' | 'large'
  readonly requests: (callers: Callers) => readonly LoadRequest[]
  /** The most it may cost, in CPU of hello. */
  readonly bar?: number
  readonly goal?: number
  /** Requests that make one of what the case is about. */
  readonly requestsEach?: number
}

export const CASES: readonly BenchCase[] = [
  {
    name: 'root',
    title: 'GET /',
    server: 'shipped',
    callers: 'usual',
    requests: discovery,
  },
  {
    name: 'metadata',
    title: 'metadata GET',
    server: 'shipped',
    callers: 'usual',
    requests: metadata,
    bar: 4,
  },
  {
    name: 'metadata-quiet',
    title: 'metadata GET, access log off',
    server: 'no access log',
    callers: 'usual',
    requests: metadata,
    goal: 3.5,
  },
  {
    name: 'payload',
    title: 'payload GET, local tokens',
    server: 'shipped',
    callers: 'usual',
    requests: payloads,
    bar: 5,
  },
  {
    name: 'payload-quiet',
    title: 'payload GET, access log off',
    server: 'no access log',
    callers: 'usual',
    requests: payloads,
    goal: 4,
  },
  {
    name: 'payload-keystone',
    title: 'payload GET, Keystone tokens',
    server: 'keystone',
    callers: 'usual',
    requests: payloads,
    bar: 5,
  },
  {
    name: 'payload-cold',
    title: 'payload GET, 2 % cold project keys',
    server: 'few keys',
    callers: 'usual',
    requests: payloadsWithColdKeys,
  },
  {
    name: 'list-10',
    title: 'list of 10',
    server: 'shipped',
    callers: 'large',
    requests: (callers) => lists(callers, 10),
  },
  {
    name: 'list-100',
    title: 'list of 100',
    server: 'shipped',
    callers: 'large',
    requests: (callers) => lists(callers, 100),
  },
  {
    name: 'castellan',
    title: 'castellan fetch, 14 + 1',
    server: 'shipped',
    callers: 'usual',
    requests: (callers) => castellanFetches(callers, 14),
    requestsEach: 15,
  },
  {
    name: 'castellan-ids',
    title: 'castellan fetch, ids as names, 1 + 1',
    server: 'ids as names',
    callers: 'usual',
    requests: (callers) => castellanFetches(callers, 1),
    requestsEach: 2,
  },
  {
    name: 'post',
    title: 'POST secret (durable)',
    server: 'writing',
    callers: 'usual',
    requests: stores,
  },
]
