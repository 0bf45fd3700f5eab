import type { Environment } from '../config/environment.ts'
import type { ParentProcess, WorkerProcess } from './processes.ts'

export interface Terminal {
  write(text: string): void
  readonly isTerminal: boolean
  /** Did whoever reads it go away? Known a turn of the loop after the write. */
  readonly isGone?: boolean
}

/** The process as the verbs see it; `main.ts` makes the real one, tests make their own. */
export interface Surroundings {
  /** The command line behind the script's name. */
  readonly args: readonly string[]
  readonly env: Environment
  readonly pid: number
  /** The folder that holds package.json. */
  readonly packageRoot: string
  readonly version: string
  readonly out: Terminal
  readonly err: Terminal
  /** All of standard input. */
  readInput(): Promise<string>
  /**
   * The next line of standard input; on a terminal it is asked for, and not shown. undefined at its end.
   * The caller wipes it.
   */
  readSecretLine(prompt: string): Promise<Buffer | undefined>
  /** For telling one Ctrl-C from two. */
  monotonicMs(): number
  onSignal(name: 'SIGTERM' | 'SIGINT' | 'SIGHUP', handler: () => void): void
  /** Something threw where nobody waited for it. */
  onStray(handler: (error: unknown) => void): void
  /** Another process that serves the same; `number` counts from 1. */
  startWorker(number: number): WorkerProcess
  /** Whose worker this process is. */
  readonly parent: ParentProcess | undefined
  /** Ends the process at once. */
  exitNow(code: number): void
}
