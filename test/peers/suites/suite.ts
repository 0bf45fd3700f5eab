import type { Configuration } from '../gatehouse.ts'
import type { Stage } from './stages.ts'
import type { SuiteCloud } from './suiteCloud.ts'

/** What a suite gets to prepare itself. */
export interface Preparing {
  readonly cloud: SuiteCloud
  readonly stage: Stage
  /** The suite's own, new and empty; stestr runs in it. */
  readonly folder: string
  /** Clones of the repositories that the suite names, or undefined: Debian's packages. */
  readonly clones: string | undefined
}

/** What is run, and how. */
export interface Prepared {
  /** Where the tests are, below the folder. */
  readonly testPath: string
  /** Regular expression for names of tests; all when absent. */
  readonly only?: string
  /** Tests that count what others make; they run one after another when the rest is done. */
  readonly alone?: string
  /** Tests whose names begin alike, as far as this regular expression goes, share a worker. */
  readonly together?: string
  readonly workers?: number
  /** Looked up in front of Debian's own, after the folder. */
  readonly pythonPath?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Puts back what was moved out of the way. */
  readonly after?: () => Promise<void>
}

/** One test suite of a peer. */
export interface Suite {
  /** Names of clones below the folder of clones; the first has the tests. */
  readonly repositories: readonly [string, ...string[]]
  /** The Debian package that has the tests as well. */
  readonly debianPackage?: string
  prepare(preparing: Preparing): Promise<Prepared>
}

/** For current sources on older libraries of Debian's (python/sitecustomize.py). */
export const NEWER = { GATEHOUSE_SUITE_NEWER: 'yes' } as const

/** What oslo.config reads. */
export const oslo = (configuration: Configuration): string =>
  Object.entries(configuration)
    .map(([section, options]) => {
      const lines = Object.entries(options).map(([option, value]) => `${option} = ${value}\n`)
      return `[${section}]\n${lines.join('')}`
    })
    .join('\n')
