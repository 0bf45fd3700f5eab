import type { LoadedSettings } from '../../config/loadSettings.ts'
import type { Settings } from '../../config/settingsTable.ts'
import type { Clock } from '../../lib/clock.ts'

/**
 * `error`: something does not work, or is not safe. `warning`: it works, and somebody should look. `fine`
 * says what was found, so that an empty list is not taken for a check that was made.
 */
export type Grade = 'fine' | 'warning' | 'error'

export type Finding =
  | { readonly grade: 'fine'; readonly what: string }
  | {
      readonly grade: 'warning' | 'error'
      readonly what: string
      /** What somebody at the keyboard does about it. */
      readonly todo: string
    }

export interface Patient {
  readonly loaded: LoadedSettings
  readonly settings: Settings
  readonly clock: Clock
}

/**
 * Looks and changes nothing: no row is written and no file is made, save the empty log that SQLite's reader
 * leaves beside a database that nobody else has open. It may throw what a start would refuse with.
 */
export interface Check {
  readonly name: string
  look(patient: Patient): Promise<readonly Finding[]>
}

export const fine = (what: string): Finding => ({ grade: 'fine', what })
export const warning = (what: string, todo: string): Finding => ({ grade: 'warning', what, todo })
export const error = (what: string, todo: string): Finding => ({ grade: 'error', what, todo })
