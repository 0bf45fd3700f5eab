import { type Command, Option } from 'commander'
import { addKekChanges } from './addRotation.ts'
import type { PrivateKeyOptions } from './backupKeyFiles.ts'
import { wholeNumber } from './cleanOptions.ts'
import type { Invoked } from './invoked.ts'
import type { EscrowRequest, RestoreRequest } from './kekEscrow.ts'
import type { DealRequest } from './kekShares.ts'
import type { UnsealRequest } from './unsealVerbs.ts'

const STORE = '--store <name>'
const STORE_HELP = 'which keyring, where there are several: keyring or keyring:NAME'
const SOCKET = '--socket <path>'
const SOCKET_HELP = "the server's [gatehouse] unseal_socket, where it is not that of the settings"
const PASSPHRASE = '--passphrase-file <file>'
const PASSPHRASE_HELP = 'whose first line opens the private key'

/** `gatehouse unseal`, `gatehouse seal` */
export function addUnseal(program: Command, { surroundings, settings, answer }: Invoked): void {
  program
    .command('unseal')
    .description('bring one share of a sealed keyring to the server on this machine')
    .option('--share-file <file>', 'a file that holds it; it is asked for when left out')
    .option('--status', 'say how many shares are there, and bring none')
    .option('--reset', 'have the server forget the shares that were brought')
    .option(SOCKET, SOCKET_HELP)
    .action(async (request: UnsealRequest) => {
      const { unseal } = await import('./unsealVerbs.ts')
      const { text, reason } = await unseal(settings(), request, surroundings)
      if (reason === 'done') answer(text)
      else {
        surroundings.err.write(`gatehouse: ${text}\n`)
        answer('', reason)
      }
    })
  program
    .command('seal')
    .description('have the server on this machine forget its keys at once; shares open it again')
    .option(SOCKET, SOCKET_HELP)
    .action(async ({ socket }: { readonly socket?: string }) => {
      const { seal } = await import('./unsealVerbs.ts')
      const { text, reason } = await seal(settings(), socket)
      answer(text, reason)
    })
}

/** `gatehouse kek ...` */
export function addKek(program: Command, invoked: Invoked): void {
  const { surroundings, settings, answer } = invoked
  const kek = program.command('kek').description('key-encryption keys')
  kek
    .command('status')
    .description('list the keys of the KEK store, and whether they are those the database needs')
    .option('--open', 'ask for the shares of a sealed keyring, and look at its keys themselves')
    .action(async ({ open = false }: { readonly open?: boolean }) => {
      const { kekStatus } = await import('./kekStatus.ts')
      const { text, reason } = await kekStatus(settings(), open ? surroundings : undefined)
      answer(text, reason)
    })
  addKekChanges(kek, invoked)
  addKekShares(kek, invoked)
}

/** The verbs that deal out keyrings, and copies of them. */
function addKekShares(kek: Command, { surroundings, settings, answer }: Invoked): void {
  // Standard output is for shares.
  const note = (text: string): void => surroundings.err.write(`${text}\n`)
  dealing(kek.command('seal'), true)
    .description(
      'seal a keyring with shares, so many of which open it; makes one where there is none',
    )
    .action(async (request: DealRequest) => {
      const { kekSeal } = await import('./kekShares.ts')
      note(await kekSeal(settings(), request, surroundings))
    })
  dealing(kek.command('reshare'), true)
    .description('open a keyring with its shares, and deal new ones; the old ones open it no more')
    .action(async (request: DealRequest) => {
      const { kekReshare } = await import('./kekShares.ts')
      note(await kekReshare(settings(), request, surroundings))
    })
  kek
    .command('escrow')
    .description('seal a copy of a keyring to public keys; each of their owners opens it alone')
    .requiredOption('--recipient <file...>', 'a public key, PEM or JWK; may be repeated')
    .requiredOption('--out <file>', 'the copy, a JWE')
    .option('--force', 'take the place of a file of that name')
    .option(STORE, STORE_HELP)
    .action(async (request: EscrowRequest) => {
      const { kekEscrow } = await import('./kekEscrow.ts')
      answer(await kekEscrow(settings(), request, surroundings))
    })
  dealing(kek.command('restore'), false)
    .description('write the keyring file from such a copy, when it holds what the database needs')
    .requiredOption('--from <file>', 'the copy')
    .requiredOption('--key <file>', 'a private key, PEM or JWK, that it is sealed to')
    .option(PASSPHRASE, PASSPHRASE_HELP)
    .action(async (request: RestoreRequest) => {
      const { kekRestore } = await import('./kekEscrow.ts')
      note(await kekRestore(settings(), request, surroundings))
    })
  kek
    .command('open-share')
    .description('print a share that was sealed to a public key; for its owner, at home')
    .argument('<file>', 'the sealed share')
    .requiredOption('--key <file>', 'the private key')
    .option(PASSPHRASE, PASSPHRASE_HELP)
    .action(async (file: string, options: PrivateKeyOptions) => {
      const { kekOpenShare } = await import('./kekEscrow.ts')
      answer(await kekOpenShare(file, options))
    })
}

function dealing(command: Command, isMandatory: boolean): Command {
  const number = (flags: string, help: string) =>
    new Option(flags, help).argParser(wholeNumber(2, 255)).makeOptionMandatory(isMandatory)
  return command
    .addOption(number('--shares <n>', 'how many shares there are to be'))
    .addOption(number('--threshold <k>', 'how many of them open it'))
    .option('--output-dir <folder>', 'a file for each share there, instead of standard output')
    .option('--recipient <file...>', 'a public key for each share, in their order, to seal it to')
    .option(STORE, STORE_HELP)
}
