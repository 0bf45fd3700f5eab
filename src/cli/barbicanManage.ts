import { Command, CommanderError } from 'commander'
import type { ConfigSource } from '../config/configFiles.ts'
import { addCleanOptions, type CleanOptions, cleanRequest } from './cleanOptions.ts'
import { dbClean } from './dbClean.ts'
import { dbStatus, dbSyncSecretStores, dbUpgrade } from './dbVerbs.ts'
import { EXIT_CODES, type ExitReason } from './exitCodes.ts'
import { refusalOf } from './refusalSentence.ts'
import { REFUSED_VERBS } from './refusedVerbs.ts'
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
  'Of this command Gatehouse knows `db upgrade`, `db clean` (also `upgrade` and `clean`), `db sync_secret_stores`, ' +
  '`db current` and `db history`, which deployment tools call. ' +
  'Everything else is in `gatehouse --help`.'

/**
 * `barbican-manage` and `barbican-db-manage`, as deployment tools call them. The exit code is honest: what is not
 * done here is refused, so that no deployment believes it happened.
 */
export async function runBarbicanManage(surroundings: Surroundings): Promise<number> {
  const run = new Invocation(surroundings)
  try {
    await run.program().parseAsync([...surroundings.args], { from: 'user' })
    return EXIT_CODES[run.reason].code
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

class Invocation {
  reason: ExitReason = 'done'
  readonly #surroundings: Surroundings
  readonly #sources: ConfigSource[] = []

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  program(): Command {
    const { out, err } = this.#surroundings
    const program = new Command('barbican-manage')
      .description(TEACHING)
      .exitOverride()
      .configureOutput({ writeOut: (text) => out.write(text), writeErr: (text) => err.write(text) })
      .option('--config-file <file>', 'read settings from this file', this.#collect('file'))
      .option('--config-dir <dir>', "and from this folder's *.conf", this.#collect('folder'))
      .option('--debug', 'taken and ignored')
      .option('--log-file <file>', 'taken and ignored')
      .showHelpAfterError(TEACHING)
    const db = program.command('db').description('the database and its schema')
    this.#addToDb(db)
    for (const parent of [program, db]) this.#addUpgradeAndClean(parent)
    for (const [group, verbs] of Object.entries(REFUSED_VERBS)) {
      const parent = group === 'db' ? db : program.command(group).description('refused, with why')
      for (const [verb, why] of Object.entries(verbs)) this.#addRefused(parent, verb, why)
    }
    return program
  }

  #addToDb(db: Command): void {
    ofDatabase(db.command('sync_secret_stores'))
      .description('make the secret stores in the database those of the settings')
      .option('-V, --verbose', 'taken and ignored')
      .option('-L, --log-file <file>', 'taken and ignored')
      .action(async (options: OfDatabase) => {
        this.#say(await dbSyncSecretStores(this.#settings(options)))
      })
    for (const verb of ['current', 'history']) {
      ofDatabase(db.command(verb))
        .description('say which schema the database has, as `gatehouse db status` does')
        .option('-V, --verbose', 'taken and ignored')
        .action(async (options: OfDatabase) => {
          this.#say((await dbStatus(this.#settings(options))).text)
        })
    }
  }

  #addUpgradeAndClean(parent: Command): void {
    ofDatabase(parent.command('upgrade'))
      .description('bring the database to the schema of this release')
      .option('-v, --version <version>', 'only head')
      .action(async (options: UpgradeOptions) => {
        if (options.version !== undefined && options.version !== 'head') {
          throw new CommanderError(
            EXIT_CODES.usage.code,
            'version',
            'Only --version head is possible.',
          )
        }
        this.#say(await dbUpgrade(this.#settings(options)))
      })
    ofDatabase(addCleanOptions(parent.command('clean')))
      .description('remove old tombstones, and with -e expired secrets')
      .option('-V', 'as --verbose')
      .option('-L, --log-file <file>', 'taken and ignored')
      .action(async (options: CleanOptions & OfDatabase) => {
        const request = cleanRequest({ minDays: MIN_DAYS, ...options }, this.#surroundings)
        const { text, reason } = await dbClean(this.#settings(options), request)
        this.reason = reason
        this.#say(text)
      })
  }

  /** Whatever options come along: they change nothing about the answer. */
  #addRefused(parent: Command, verb: string, why: string): void {
    parent
      .command(verb)
      .description(`refused: ${why}`)
      .argument('[words...]')
      .allowUnknownOption()
      .action(() => {
        this.reason = 'refused'
        this.#surroundings.err.write(`barbican-manage: ${why}\n`)
      })
  }

  #collect(kind: ConfigSource['kind']): (path: string) => string {
    return (path) => {
      this.#sources.push({ kind, path })
      return path
    }
  }

  #settings({ dbUrl }: OfDatabase) {
    const { env } = this.#surroundings
    const given = dbUrl === undefined ? env : { ...env, ...connectionVariable(dbUrl) }
    return settingsOfCommand({ ...this.#surroundings, env: given }, this.#sources).settings
  }

  #say(text: string): void {
    this.#surroundings.out.write(`${text}\n`)
  }
}

function ofDatabase(command: Command): Command {
  return command.option('-d, --db-url <url>', 'this database instead of the one in the settings')
}

/** A `$` in it is a dollar sign: nothing is to be substituted in what came from the command line. */
function connectionVariable(url: string) {
  return { OS_DATABASE__CONNECTION: url.replaceAll('$', '$$$$') }
}
