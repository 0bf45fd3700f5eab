import type { Settings } from '../config/settingsTable.ts'
import type { ExitReason } from './exitCodes.ts'
import type { Surroundings } from './surroundings.ts'

/** What verbs in files of their own want of the invocation they belong to. */
export interface Invoked {
  readonly surroundings: Surroundings
  readonly settings: () => Settings
  readonly answer: (text: string, reason?: ExitReason) => void
}
