import { type Command, InvalidArgumentError, Option } from 'commander'
import type { CleanRequest } from './dbClean.ts'
import type { Surroundings } from './surroundings.ts'

export interface CleanOptions {
  readonly minDays?: number
  readonly softDeleteExpiredSecrets?: boolean
  readonly softDeleteExpired?: boolean
  readonly cleanUnassociatedProjects?: boolean
  readonly verbose?: boolean
  /** Barbican's letter for it; of `gatehouse` it asks for the version. */
  readonly V?: boolean
  readonly dryRun?: boolean
  readonly batchSize?: number
}

const MOST_DAYS = 36_500
const PROGRESS_EVERY_MS = 1_000
const BATCH = 100

/** The options of Barbican's `db clean`, for both names of the command. */
export function addCleanOptions(command: Command): Command {
  return command
    .option(
      '-m, --min-days <days>',
      'only what was deleted or expired at least so many days ago; 0 or less: all of it',
      wholeNumber(-MOST_DAYS, MOST_DAYS),
    )
    .option(
      '-e, --soft-delete-expired-secrets',
      'expired secrets as well: their keys are destroyed, tombstones stay',
    )
    .addOption(new Option('--soft-delete-expired').hideHelp())
    .option('-p, --clean-unassociated-projects', 'taken and ignored: no rows of projects are kept')
    .option('-v, --verbose', 'say after every batch how far it is')
}

export function cleanRequest(options: CleanOptions, surroundings: Surroundings): CleanRequest {
  const { err, monotonicMs } = surroundings
  const isVerbose = options.verbose === true || options.V === true
  let toldAtMs = monotonicMs()
  return {
    minDays: options.minDays,
    withExpired: options.softDeleteExpiredSecrets === true || options.softDeleteExpired === true,
    isDryRun: options.dryRun === true,
    batchSize: options.batchSize ?? BATCH,
    asking: surroundings,
    tell: (line) => {
      const isDue = isVerbose || monotonicMs() - toldAtMs >= PROGRESS_EVERY_MS
      if (!isDue) return
      toldAtMs = monotonicMs()
      err.write(`${line}\n`)
    },
  }
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`A whole number from ${least} to ${most} is wanted.`)
  }
}
