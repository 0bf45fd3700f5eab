import { Command, CommanderError } from 'commander'
import type { ConfigSource } from '../config/configFiles.ts'
import { addCleanOptions, type CleanOptions, cleanRequest } from './cleanOptions.ts'
import { dbClean } from './dbClean.ts'
import { dbSyncSecretStores, dbUpgrade } from './dbVerbs.ts'
import { EXIT_CODES } from './exitCodes.ts'
import { refusalOf } from './refusalSentence.ts'
import { settingsOfCommand } from './settingsOfCommand.ts'
import type { Surroundings } from './surroundings.ts'

interface UpgradeOptions extends OfDatabase {
  readonly version?: string
}

interface OfDatabase {
  readonly dbUrl?: string
}

/** Barbican's. Scripts that rely on it should find what they know. */
const MIN_DAYS = 90

const TEACHING =
  'Of this command Gatehouse knows `db upgrade`, `db clean` (also `upgrade` and `clean`) and `db sync_secret_stores`, which ' +
  'deployment tools call. ' +
  'Everything else is in `gatehouse --help`.'

/**
 * `barbican-manage db upgrade | clean` and `barbican-db-manage upgrade | clean`. The exit code is honest: what is not
 * done here is refused, so that no deployment believes it happened.
 */
export async function runBarbicanManage(surroundings: Surroundings): Promise<number> {
  const sources: ConfigSource[] = []
  const collect = (kind: ConfigSource['kind']) => (path: string) => {
    sources.push({ kind, path })
    return path
  }
  const settingsFor = ({ dbUrl }: OfDatabase) => {
    const env = { ...surroundings.env, ...(dbUrl === undefined ? {} : connectionVariable(dbUrl)) }
    return settingsOfCommand({ ...surroundings, env }, sources).settings
  }
  const upgrade = async (options: UpgradeOptions): Promise<void> => {
    if (options.version !== undefined && options.version !== 'head') {
      throw new CommanderError(EXIT_CODES.usage.code, 'version', 'Only --version head is possible.')
    }
    surroundings.out.write(`${await dbUpgrade(settingsFor(options))}\n`)
  }
  let exitCode: number = EXIT_CODES.done.code
  const clean = async (options: CleanOptions & OfDatabase): Promise<void> => {
    const request = cleanRequest({ minDays: MIN_DAYS, ...options }, surroundings)
    const { text, reason } = await dbClean(settingsFor(options), request)
    exitCode = EXIT_CODES[reason].code
    surroundings.out.write(`${text}\n`)
  }
  const syncSecretStores = async (options: OfDatabase): Promise<void> => {
    surroundings.out.write(`${await dbSyncSecretStores(settingsFor(options))}\n`)
  }
  const program = new Command('barbican-manage')
    .description(TEACHING)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => surroundings.out.write(text),
      writeErr: (text) => surroundings.err.write(text),
    })
    .option('--config-file <file>', 'read settings from this file', collect('file'))
    .option('--config-dir <dir>', "and from this folder's *.conf", collect('folder'))
    .option('--debug', 'taken and ignored')
    .option('--log-file <file>', 'taken and ignored')
    .showHelpAfterError(TEACHING)
  const db = program.command('db')
  db.command('sync_secret_stores')
    .description('make the secret stores in the database those of the settings')
    .option('-d, --db-url <url>', 'this database instead of the one in the settings')
    .option('-V, --verbose', 'taken and ignored')
    .option('-L, --log-file <file>', 'taken and ignored')
    .action(syncSecretStores)
  for (const parent of [program, db]) {
    parent
      .command('upgrade')
      .description('bring the database to the schema of this release')
      .option('-d, --db-url <url>', 'this database instead of the one in the settings')
      .option('-v, --version <version>', 'only head')
      .action(upgrade)
    addCleanOptions(parent.command('clean'))
      .description('remove old tombstones, and with -e expired secrets')
      .option('-d, --db-url <url>', 'this database instead of the one in the settings')
      .option('-V', 'as --verbose')
      .option('-L, --log-file <file>', 'taken and ignored')
      .action(clean)
  }
  try {
    await program.parseAsync([...surroundings.args], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.code === 'version') surroundings.err.write(`barbican-manage: ${error.message}\n`)
      return error.exitCode === 0 ? EXIT_CODES.done.code : EXIT_CODES.usage.code
    }
    const refusal = refusalOf(error)
    surroundings.err.write(`barbican-manage: ${refusal.sentence}\n`)
    return refusal.code
  }
}

/** A `$` in it is a dollar sign: nothing is to be substituted in what came from the command line. */
function connectionVariable(url: string) {
  return { OS_DATABASE__CONNECTION: url.replaceAll('$', '$$$$') }
}
