import type { Command } from './commands/commandTable.ts'
import type { SqliteWeakening } from './dialectSqliteConnection.ts'

/** What the writer's two halves say to each other. Everything here survives a structured clone. */
export interface WriterThreadData {
  readonly path: string
  readonly weakening?: SqliteWeakening
  /** For the bench alone, which shows what sharing a transaction is worth. */
  readonly commandsPerTransaction?: number
  /** For tests alone, which do not wait for the bound that is promised. */
  readonly truncateAfterMs?: number
}

export type ToWriterThread =
  | { readonly type: 'run'; readonly commands: readonly NumberedCommand[] }
  | { readonly type: 'close' }

export interface NumberedCommand {
  readonly number: number
  readonly command: Command
}

export type FromWriterThread =
  /** After the first attempt to open the database. */
  | { readonly type: 'started'; readonly failure: string | undefined }
  | {
      readonly type: 'answers'
      readonly answers: readonly NumberedAnswer[]
      readonly durationMs: number
    }
  | { readonly type: 'event'; readonly event: WriterThreadEvent }
  | { readonly type: 'closed' }

export interface NumberedAnswer {
  readonly number: number
  readonly answer: Answer
}

export type Answer =
  | { readonly kind: 'done'; readonly result: unknown }
  /** Nothing was written, or (isOutcomeUnknown) nobody can say. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly isOutcomeUnknown: boolean }
  | { readonly kind: 'bug'; readonly reason: string; readonly stack: string | undefined }

export type WriterThreadEvent =
  | { readonly type: 'connectionLost'; readonly reason: string }
  | { readonly type: 'connectionOpened' }
  | {
      readonly type: 'checkpoint'
      readonly mode: 'passive' | 'truncate'
      readonly isBusy: boolean
      readonly pagesInLog: number
      readonly durationMs: number
    }
