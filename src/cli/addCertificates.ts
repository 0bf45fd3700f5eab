import { type Command, InvalidArgumentError } from 'commander'
import { parseDurationSeconds } from '../config/duration.ts'
import type { CertificateRequest } from './certificateVerbs.ts'
import type { Invoked } from './invoked.ts'
import { LongWork } from './longWork.ts'

/** `gatehouse certificates ...`: each verb's rooms are loaded when it is called. */
export function addCertificates(
  program: Command,
  { surroundings, settings, answer }: Invoked,
): void {
  const certificates = program
    .command('certificates')
    .description('certificates that clients store here; those of the API: gatehouse tls')
  shared(certificates.command('list'), 'only what ends within this time, such as 30d or 12h')
    .description('list them by their end; what cannot be read comes last')
    .action(async (request: CertificateRequest) => {
      const { certificatesList } = await import('./certificateVerbs.ts')
      const { text, reason } = await certificatesList(settings(), request)
      answer(text, reason)
    })
  shared(certificates.command('check'), 'what ends within this time ends soon; 30d when left out')
    .description(
      'say what ends soon or has ended, lacks its chain, goes with another key; exit code 1 when something is wrong',
    )
    .option('--all', 'look first at what was stored before certificates were looked at; opens it')
    .action(async (request: CertificateRequest & { readonly all?: true }) => {
      const { certificatesCheck } = await import('./certificateVerbs.ts')
      const work = new LongWork(surroundings)
      const { text, reason } = await certificatesCheck(settings(), request, work, surroundings)
      answer(text, reason)
    })
}

function shared(command: Command, within: string): Command {
  return command
    .option('--project <id>', 'of this project alone')
    .option('--expires-within <time>', within, duration)
    .option('--json', 'for programs')
}

function duration(text: string): number {
  const seconds = parseDurationSeconds(text)
  if (seconds !== undefined && seconds <= MOST_SECONDS) return seconds
  throw new InvalidArgumentError('A time such as 12h or 30d is wanted, 100 years at most.')
}

const MOST_SECONDS = 36_525 * 86_400
