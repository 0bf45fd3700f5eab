import { type Command, Option } from 'commander'
import type { Settings } from '../config/settingsTable.ts'
import { wholeNumber } from './cleanOptions.ts'
import type { PrivateTlsRequest } from './tlsPrivate.ts'

interface Around {
  settings(): Settings
  out(text: string): void
  refuse(): void
}

const KEYS = ['p256', 'p384', 'rsa3072']

/** `gatehouse tls ...` */
export function addTlsCommands(program: Command, { settings, out, refuse }: Around): void {
  const tls = program.command('tls').description('certificates of the API')
  tls
    .command('check')
    .description(
      'say what the listener would serve: names, dates, chain, key, suites; exit code 1 when something is broken',
    )
    .option('--days <number>', 'refuse as well what ends in fewer days', wholeNumber(0, 3_650), 0)
    .action(async ({ days }: { readonly days: number }) => {
      const { tlsCheck } = await import('./tlsCheck.ts')
      const { text, isFine } = await tlsCheck(settings(), days)
      if (!isFine) refuse()
      out(text)
    })
  privateOptions(tls.command('init'), 397)
    .description(
      'make a private CA and a server certificate; files that are there are never touched',
    )
    .option('--name <name...>', 'a name or address of the server; may be repeated')
    .action(async (request: PrivateTlsRequest) => {
      const { tlsInit } = await import('./tlsPrivate.ts')
      out(await tlsInit(settings(), request))
    })
  privateOptions(tls.command('renew'), 397)
    .description('issue the server certificate anew; a running server takes it up by itself')
    .option('--name <name...>', 'other names than those it has; may be repeated')
    .option('--new-key', 'with a new key')
    .action(async (request: PrivateTlsRequest) => {
      const { tlsRenew } = await import('./tlsPrivate.ts')
      out(await tlsRenew(settings(), request))
    })
  privateOptions(tls.command('client'), 397)
    .description('issue a certificate for a client')
    .argument('<name>', 'what the client is called, for [ssl] client_names')
    .action(async (name: string, request: PrivateTlsRequest) => {
      const { tlsClient } = await import('./tlsPrivate.ts')
      out(await tlsClient(settings(), name, request))
    })
}

function privateOptions(command: Command, days: number): Command {
  return command
    .option('--folder <path>', 'where the files are; tls/ below state_path when left out')
    .option('--days <number>', 'how long it is valid', wholeNumber(1, 3_650), days)
    .addOption(new Option('--key <kind>', 'the kind of a new key').choices(KEYS).default('p256'))
}
