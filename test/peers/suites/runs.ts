import { castellan } from './castellan.ts'
import { client } from './client.ts'
import { functional } from './functional.ts'
import { sdk } from './sdk.ts'
import type { StageName } from './stages.ts'
import type { Suite } from './suite.ts'
import { tempest } from './tempest.ts'

export const SUITES = {
  functional,
  tempest,
  client,
  castellan,
  sdk,
} as const satisfies Record<string, Suite>

export type SuiteName = keyof typeof SUITES

export type Source = 'debian' | 'clones'

export interface Run {
  readonly suite: SuiteName
  readonly stage: StageName
  readonly source: Source
  /** Beyond it the run is red. Three to five times what a quiet machine takes. */
  readonly minutes: number
}

/** All that can be run, in the order in which it is. */
export const RUNS: readonly Run[] = [
  { source: 'debian', stage: 'legacy', suite: 'castellan', minutes: 8 },
  { source: 'debian', stage: 'legacy', suite: 'tempest', minutes: 8 },
  { source: 'debian', stage: 'secure', suite: 'tempest', minutes: 12 },
  { source: 'clones', stage: 'legacy', suite: 'functional', minutes: 20 },
  { source: 'clones', stage: 'legacy', suite: 'tempest', minutes: 10 },
  { source: 'clones', stage: 'legacy', suite: 'client', minutes: 20 },
  { source: 'clones', stage: 'legacy', suite: 'castellan', minutes: 10 },
  { source: 'clones', stage: 'legacy', suite: 'sdk', minutes: 5 },
  { source: 'clones', stage: 'several', suite: 'functional', minutes: 20 },
  { source: 'clones', stage: 'several', suite: 'sdk', minutes: 5 },
  { source: 'clones', stage: 'secure', suite: 'tempest', minutes: 20 },
  { source: 'clones', stage: 'secure', suite: 'client', minutes: 20 },
  { source: 'clones', stage: 'secure', suite: 'castellan', minutes: 10 },
  { source: 'clones', stage: 'secure', suite: 'sdk', minutes: 5 },
]

export const nameOf = ({ suite, stage, source }: Run): string => `${source}-${suite}-${stage}`
