import type { Command } from 'commander'
import type { LoadedSettings } from '../config/loadSettings.ts'
import { wholeNumber } from './cleanOptions.ts'
import type { ExitReason } from './exitCodes.ts'
import { LongWork } from './longWork.ts'
import type { Surroundings } from './surroundings.ts'
import type { VerifyRequest } from './verify.ts'

/** What the verbs below want of the invocation they belong to. */
interface Invoked {
  readonly surroundings: Surroundings
  readonly loaded: () => LoadedSettings
  readonly answer: (text: string, reason?: ExitReason) => void
}

const MOST_SAMPLES = 1_000_000
const MOST_A_SECOND = 1_000_000

/** `gatehouse doctor` and `gatehouse verify`: each one's rooms are loaded when it is called. */
export function addCare(program: Command, { surroundings, loaded, answer }: Invoked): void {
  program
    .command('doctor')
    .description('look at everything a server needs, and say what to do about what is wrong')
    .option('--json', 'for a program to read')
    .action(async (options: { readonly json?: boolean }) => {
      const { doctor } = await import('./doctor/doctor.ts')
      const { text, reason } = await doctor(loaded, options)
      answer(text, reason)
    })
  program
    .command('verify')
    .description(
      'open every envelope and check every row MAC, or some at random; servers may be at work meanwhile',
    )
    .option(
      '--sample <number>',
      'so many secrets, picked at random, instead of everything',
      wholeNumber(1, MOST_SAMPLES),
    )
    .option('--project <id>', 'only what is of this project')
    .option('--after <place>', 'go on behind the place that an interrupted run printed')
    .option('--rate <number>', 'so many records a second at most', wholeNumber(1, MOST_A_SECOND))
    .action(async (request: VerifyRequest) => {
      const { verify } = await import('./verify.ts')
      const { settings } = loaded()
      const { text, reason } = await verify(settings, request, {
        work: new LongWork(surroundings),
        asking: surroundings,
        tell: (line) => surroundings.out.write(`${line}\n`),
      })
      answer(text, reason)
    })
}
