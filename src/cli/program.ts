import { Command, CommanderError, Option } from 'commander'
import type { ConfigSource } from '../config/configFiles.ts'
import { sampleFile } from '../config/sampleFile.ts'
import { showSettings } from '../config/showSettings.ts'
import { addBackup } from './addBackup.ts'
import { addCare } from './addCare.ts'
import { addCertificates } from './addCertificates.ts'
import { addHsm } from './addHsm.ts'
import { addKek, addUnseal } from './addKek.ts'
import { addProject } from './addProject.ts'
import { addRotation } from './addRotation.ts'
import { addCleanOptions, type CleanOptions, cleanRequest, wholeNumber } from './cleanOptions.ts'
import { EXIT_CODES, type ExitReason } from './exitCodes.ts'
import type { ComposeGatehouse } from './gatehouse.ts'
import type { PolicyQuestion } from './policyVerbs.ts'
import { refusalOf } from './refusalSentence.ts'
import { settingsOfCommand } from './settingsOfCommand.ts'
import type { Surroundings } from './surroundings.ts'
import { addTlsCommands } from './tlsCommands.ts'
import type { TokenRequest } from './tokenVerbs.ts'

/** Runs one command line. @returns the exit code; whatever went wrong was told on standard error */
export async function runProgram(
  surroundings: Surroundings,
  compose: ComposeGatehouse,
): Promise<number> {
  const run = new Invocation(surroundings, compose)
  try {
    await run.program().parseAsync([...surroundings.args], { from: 'user' })
    return run.exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? EXIT_CODES.done.code : EXIT_CODES.usage.code
    }
    const refusal = refusalOf(error)
    surroundings.err.write(`gatehouse: ${refusal.sentence}\n`)
    return refusal.code
  }
}

// A verb's rooms (database, cipher, tokens) are loaded when it is called: --help should answer at once.
class Invocation {
  exitCode: number = EXIT_CODES.done.code
  readonly #surroundings: Surroundings
  readonly #compose: ComposeGatehouse
  readonly #sources: ConfigSource[] = []

  constructor(surroundings: Surroundings, compose: ComposeGatehouse) {
    this.#surroundings = surroundings
    this.#compose = compose
  }

  program(): Command {
    const { out, err, version } = this.#surroundings
    const program = new Command('gatehouse')
      .description('A key manager for OpenStack clouds that speaks the Barbican v1 API.')
      .version(version, '-V, --version', 'print the version')
      .addOption(this.#sourceOption('--config-file <file>', 'file', 'read settings from this file'))
      .addOption(
        this.#sourceOption('--config-dir <dir>', 'folder', "and from this folder's *.conf"),
      )
      .addHelpText('after', exitCodeHelp())
    // Inherited by every verb made from here on.
    program
      .exitOverride()
      .configureOutput({ writeOut: (text) => out.write(text), writeErr: (text) => err.write(text) })
      .configureHelp({ showGlobalOptions: true })
      .showHelpAfterError(
        '(gatehouse --help lists the commands; add --help to one for its options)',
      )
      .showSuggestionAfterError(true)
    this.#addServe(program)
    this.#addDb(program)
    addBackup(program, this.#invoked())
    addCertificates(program, this.#invoked())
    addCare(program, { ...this.#invoked(), loaded: () => this.#loaded() })
    this.#addToken(program)
    addKek(program, this.#invoked())
    addUnseal(program, this.#invoked())
    addHsm(program, this.#invoked())
    addRotation(program, addProject(program, this.#invoked()), this.#invoked())
    this.#addPolicy(program)
    addTlsCommands(program, {
      settings: () => this.#settings(),
      out: (text) => this.#out(text),
      refuse: () => {
        this.exitCode = EXIT_CODES.refused.code
      },
    })
    this.#addConfig(program)
    return program
  }

  #addServe(program: Command): void {
    program
      .command('serve')
      .description('start the server; SIGTERM or Ctrl-C stops it, SIGHUP reopens its logs')
      .action(async () => {
        const { serve } = await import('./serve.ts')
        this.exitCode = await serve(this.#surroundings, this.#sources, this.#compose)
      })
  }

  #addDb(program: Command): void {
    const db = program.command('db').description('the database and its schema')
    db.command('upgrade')
      .description('bring the database to the schema of this release')
      .action(async () => {
        const { dbUpgrade } = await import('./dbVerbs.ts')
        this.#out(await dbUpgrade(this.#settings()))
      })
    db.command('status')
      .description('say which schema the database has; exit code 0 when nothing is to be done')
      .action(async () => {
        const { dbStatus } = await import('./dbVerbs.ts')
        const { text, reason } = await dbStatus(this.#settings())
        this.exitCode = EXIT_CODES[reason].code
        this.#out(text)
      })
    addCleanOptions(db.command('clean'))
      .description('remove old tombstones and expired secrets; a server may be at work meanwhile')
      .option('-n, --dry-run', 'count what would be removed, and remove nothing')
      .option(
        '--batch-size <rows>',
        'how many rows share a transaction',
        wholeNumber(1, 10_000),
        100,
      )
      .action(async (options: CleanOptions) => {
        const { dbClean } = await import('./dbClean.ts')
        const request = cleanRequest(options, this.#surroundings)
        const { text, reason } = await dbClean(this.#settings(), request)
        this.exitCode = EXIT_CODES[reason].code
        this.#out(text)
      })
  }

  #addToken(program: Command): void {
    const token = program.command('token').description('signed tokens of our own')
    token
      .command('issue')
      .description(
        'print a token, alone on the last line; what is said about it goes to standard error',
      )
      .requiredOption('--project <id>', 'the project it is for')
      .requiredOption('--role <name...>', 'a role it carries; may be repeated')
      .option('--user <id>', 'the user it speaks for')
      .option('--ttl <time>', 'how long it is valid, such as 30m or 8h')
      .action(async (request: TokenRequest) => {
        const { tokenIssue } = await import('./tokenVerbs.ts')
        const { note, token: issued } = await tokenIssue(this.#settings(), request)
        this.#surroundings.err.write(`${note}\n`)
        this.#out(issued)
      })
    token
      .command('inspect')
      .description('say what a token holds and whether it is valid here')
      .argument('[token]', 'the token; read from standard input when left out')
      .action(async (given: string | undefined) => {
        const text = given ?? (await this.#surroundings.readInput())
        const { tokenInspect } = await import('./tokenVerbs.ts')
        const { report, isValid } = await tokenInspect(this.#settings(), text)
        if (!isValid) this.exitCode = EXIT_CODES.refused.code
        this.#out(report)
      })
  }

  #addPolicy(program: Command): void {
    const policy = program.command('policy').description('who may do what')
    policy
      .command('list')
      .description('print the rules in force, what they guard, and which file overrides them')
      .action(async () => {
        const { policyList } = await import('./policyVerbs.ts')
        this.#outWithWarnings(await policyList(this.#settings()))
      })
    policy
      .command('sample')
      .description('print a policy.yaml with every rule explained, which changes nothing as it is')
      .action(async () => {
        const { renderSamplePolicy } = await import('../policy/policyDocs.ts')
        this.#out(renderSamplePolicy())
      })
    policy
      .command('check')
      .description(
        'explain what the rules in force say to a caller; exit code 0 when allowed, 1 when refused',
      )
      .option('--rule <name>', 'the rule to ask, such as secret:get; all of them when left out')
      .option('--role <name...>', 'a role of the caller; may be repeated')
      .option('--user <id>', 'the user who asks; empty for a token without user')
      .option('--project <id>', 'the project of the token')
      .option('--user-domain <id>', 'the domain of the user')
      .option('--project-domain <id>', 'the domain of the project')
      .option('--target <name=value...>', 'a fact of what is asked for, such as creator_id=ID')
      .action(async (question: PolicyQuestion) => {
        const { policyCheck } = await import('./policyVerbs.ts')
        const report = await policyCheck(this.#settings(), question)
        if (!report.isAllowed) this.exitCode = EXIT_CODES.refused.code
        this.#outWithWarnings(report)
      })
  }

  #addConfig(program: Command): void {
    const config = program.command('config').description('settings')
    config
      .command('show')
      .description('print the settings in force, secrets left out, and where each came from')
      .option('--sample', 'print a file with every option explained instead')
      .action((options: { readonly sample?: boolean }) => {
        this.#out(options.sample === true ? sampleFile() : showSettings(this.#loaded()))
      })
  }

  /** Both options add to one list: their order on the command line decides what wins. */
  #sourceOption(flags: string, kind: ConfigSource['kind'], description: string): Option {
    return new Option(flags, `${description}; may be repeated`).argParser((path: string) => {
      this.#sources.push({ kind, path })
      return path
    })
  }

  /** What verbs in files of their own want of this one. */
  #invoked() {
    return {
      surroundings: this.#surroundings,
      settings: () => this.#settings(),
      answer: (text: string, reason?: ExitReason) => this.#answer(text, reason),
    }
  }

  #loaded() {
    return settingsOfCommand(this.#surroundings, this.#sources)
  }

  #settings() {
    return this.#loaded().settings
  }

  #answer(text: string, reason: ExitReason = 'done'): void {
    this.exitCode = EXIT_CODES[reason].code
    this.#out(text)
  }

  #outWithWarnings(report: { readonly text: string; readonly warnings: readonly string[] }): void {
    for (const warning of report.warnings) this.#surroundings.err.write(`warning: ${warning}\n`)
    this.#out(report.text)
  }

  #out(text: string): void {
    if (text === '') return
    this.#surroundings.out.write(text.endsWith('\n') ? text : `${text}\n`)
  }
}

function exitCodeHelp(): string {
  const rows = Object.values(EXIT_CODES).map(
    ({ code, meaning }) => `  ${String(code).padStart(2)}  ${meaning}`,
  )
  return `\nExit codes:\n${rows.join('\n')}\n`
}
