import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseDurationSeconds } from '../config/duration.ts'
import { VERIFY_DEPTHS, type VerifyDepth } from '../model/job.ts'
import type { ExitReason } from './exitCodes.ts'
import type { Invoked } from './invoked.ts'
import type { KekOptions } from './kekStoreInHand.ts'
import type { ProjectKeyOptions, RotateOptions } from './rotateVerbs.ts'

interface Said {
  readonly text: string
  readonly reason: ExitReason
}

/** What every verb that begins a job takes. */
function jobOptions(command: Command): Command {
  return command
    .option('-n, --dry-run', 'say what would be done, and change nothing')
    .option('--rate <n/s>', 'records or keys a second at most', rateOf)
    .option('--detach', 'leave it to a server, and say how to watch it')
}

function verifyOption(depth: VerifyDepth = 'dek'): Option {
  return new Option('--verify <depth>', 'what is opened afterwards: nothing, data keys, payloads')
    .choices(VERIFY_DEPTHS)
    .default(depth)
}

/** `gatehouse rotate ...`, `gatehouse jobs ...` and `gatehouse project move`. */
export function addRotation(
  program: Command,
  project: Command,
  { surroundings, settings, answer }: Invoked,
): void {
  const report = ({ text, reason }: Said): void => answer(text, reason)
  const rotate = program.command('rotate').description('keys of projects, and of what they store')
  jobOptions(rotate.command('project-keys'))
    .description('the next key for projects; what is there opens under the one before')
    .option('--project <id>', 'of this project alone')
    .option('--older-than <time>', 'those made longer ago, such as 90d', durationOf)
    .option('--all', 'all of them')
    .action(async (options: ProjectKeyOptions) => {
      const { rotateProjectKeys } = await import('./rotateVerbs.ts')
      report(await rotateProjectKeys(settings(), options, surroundings))
    })
  jobOptions(rotate.command('data-keys'))
    .description('bring everything under the present project keys, and destroy the old ones')
    .option('--project <id>', 'of this project alone')
    .addOption(verifyOption())
    .action(async (options: RotateOptions) => {
      const { rotateDataKeys } = await import('./rotateVerbs.ts')
      report(await rotateDataKeys(settings(), options, surroundings))
    })
  jobOptions(rotate.command('formats'))
    .description('seal in the format of this release what is in an older one')
    .option('--project <id>', 'of this project alone')
    .addOption(verifyOption('full'))
    .action(async (options: RotateOptions) => {
      const { rotateFormats } = await import('./rotateVerbs.ts')
      report(await rotateFormats(settings(), options, surroundings))
    })
  jobOptions(project.command('move'))
    .description('to another secret store: new secrets at once, and then what is there')
    .argument('<id>', 'the project')
    .requiredOption('--to <suffix>', 'the secret store, as [secretstore:SUFFIX] names it')
    .addOption(verifyOption())
    .action(async (id: string, options: RotateOptions & { readonly to: string }) => {
      const { projectMove } = await import('./rotateVerbs.ts')
      report(await projectMove(settings(), id, options.to, options, surroundings))
    })
  addJobs(program, { surroundings, settings, answer })
}

function addJobs(program: Command, { surroundings, settings, answer }: Invoked): void {
  const report = ({ text, reason }: Said): void => answer(text, reason)
  const jobs = program.command('jobs').description('work in the background')
  jobs
    .command('list')
    .description('list the last ones')
    .action(async () => {
      const { jobsList } = await import('./jobVerbs.ts')
      report(await jobsList(settings()))
    })
  jobs
    .command('show')
    .description('say how far one is, and what it could not do')
    .argument('<id>', 'the job, or how its id begins')
    .action(async (id: string) => {
      const { jobsShow } = await import('./jobVerbs.ts')
      report(await jobsShow(settings(), id))
    })
  jobs
    .command('watch')
    .description('wait for its end, and work on it here where no server does')
    .argument('<id>', 'the job, or how its id begins')
    .action(async (id: string) => {
      const { jobsWatch } = await import('./jobVerbs.ts')
      report(await jobsWatch(settings(), id, surroundings))
    })
  const turns = [
    ['pause', 'paused', 'stop it where it is'],
    ['resume', 'running', 'go on with it'],
    [
      'cancel',
      'cancelled',
      'end it where it is; the same verb begins anew, and finds what is done',
    ],
  ] as const
  for (const [verb, state, description] of turns) {
    jobs
      .command(verb)
      .description(description)
      .argument('<id>', 'the job, or how its id begins')
      .action(async (id: string) => {
        const { jobsTurn } = await import('./jobVerbs.ts')
        report(await jobsTurn(settings(), id, state))
      })
  }
}

/** `gatehouse kek generate | promote | rewrap | retire | destroy`, beside `status`. */
export function addKekChanges(kek: Command, { surroundings, settings, answer }: Invoked): void {
  const report = ({ text, reason }: Said): void => answer(text, reason)
  const store = ['--store <name>', 'the KEK store, where there are several'] as const
  kek
    .command('generate')
    .description('make a KEK that can unwrap, and does not wrap yet')
    .option(...store)
    .action(async (options: KekOptions) => {
      const { kekGenerate } = await import('./kekVerbs.ts')
      report(await kekGenerate(settings(), { ...options, asking: surroundings }))
    })
  kek
    .command('promote')
    .description('let a KEK wrap from now on, once every node that serves holds it')
    .argument('[kek]', 'its id or fingerprint; the one newer than the present one when left out')
    .option(...store)
    .option('--force', 'also where a node that serves does not hold it')
    .action(async (id: string | undefined, options: KekOptions) => {
      const { kekPromote } = await import('./kekVerbs.ts')
      report(await kekPromote(settings(), id, { ...options, asking: surroundings }))
    })
  jobOptions(kek.command('rewrap'))
    .description('bring all project keys under the primary KEK')
    .option(...store)
    .action(async (options: KekOptions & RotateOptions) => {
      const { kekRewrap } = await import('./kekVerbs.ts')
      report(await kekRewrap(settings(), options, surroundings))
    })
  kek
    .command('retire')
    .description('let a KEK open nothing any more, once no project key is under it')
    .argument('<kek>', 'its id or fingerprint')
    .option(...store)
    .action(async (id: string, options: KekOptions) => {
      const { kekRetire } = await import('./kekEndVerbs.ts')
      report(await kekRetire(settings(), id, { ...options, asking: surroundings }))
    })
  kek
    .command('destroy')
    .description('destroy a retired KEK, after [rotation] kek_retention')
    .argument('<kek>', 'its id or fingerprint')
    .option(...store)
    .option('--force', 'before its retention has passed')
    .action(async (id: string, options: KekOptions) => {
      const { kekDestroy } = await import('./kekEndVerbs.ts')
      report(await kekDestroy(settings(), id, { ...options, asking: surroundings }))
    })
}

function rateOf(given: string): number {
  const number = Number(/^(\d+)(?:\/s)?$/.exec(given)?.[1])
  if (Number.isSafeInteger(number) && number >= 1 && number <= 1_000_000) return number
  throw new InvalidArgumentError('It is a whole number of records a second, such as 200 or 200/s.')
}

function durationOf(given: string): number {
  const duration = parseDurationSeconds(given)
  if (duration !== undefined) return duration
  throw new InvalidArgumentError('It is a time such as 90d, 12h or 30m.')
}
