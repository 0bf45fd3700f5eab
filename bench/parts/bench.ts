import type { LoadGenerator } from '../load/loadGenerator.ts'
import type { BenchOptions } from '../options.ts'

/** What every part of the bench is given. */
export interface Bench {
  readonly options: BenchOptions
  readonly generator: LoadGenerator
  /** A temp folder, gone after the run. */
  readonly folder: string
  readonly serverCore: number | undefined
  readonly loadCore: number | undefined
  readonly tell: (line: string) => void
  /** By its own name, or by that of its group. */
  isWanted(name: string, group?: string): boolean
  /** Stops it when the part is over. */
  keep<T extends { stop(): Promise<void> }>(started: T): T
  closeAll(): Promise<void>
}
