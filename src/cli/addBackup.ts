import type { Command } from 'commander'
import type { CreateRequest } from './backupCreate.ts'
import type { KeygenRequest, PrivateKeyOptions } from './backupKeyFiles.ts'
import type { Invoked } from './invoked.ts'
import { LongWork } from './longWork.ts'

const KEY = '--key <file>'
const KEY_HELP = 'the private key, PEM or JWK, that it is sealed to'
const PASSPHRASE = '--passphrase-file <file>'

/** `gatehouse backup ...`: each verb's rooms are loaded when it is called. */
export function addBackup(program: Command, { surroundings, settings, answer }: Invoked): void {
  const backup = program
    .command('backup')
    .description('everything but the KEKs, in one sealed file')
  backup
    .command('create')
    .description('write a backup of the database; a server may be at work meanwhile')
    .requiredOption('--recipient <file...>', 'a public key, PEM or JWK; may be repeated')
    .requiredOption('--output <file>', 'the backup')
    .option('--force', 'take the place of a file of that name')
    .action(async (request: CreateRequest) => {
      const { backupCreate } = await import('./backupCreate.ts')
      answer(await backupCreate(settings(), request, new LongWork(surroundings)))
    })
  backup
    .command('verify')
    .description('open all of a backup with the KEKs of the settings, and say what does not open')
    .argument('<file>', 'the backup')
    .requiredOption(KEY, KEY_HELP)
    .option(PASSPHRASE, 'whose first line opens the private key')
    .option('--without-kek', 'look at the file alone: no settings and no KEK are wanted')
    .action(async (file: string, options: PrivateKeyOptions & { withoutKek?: boolean }) => {
      const { backupVerify, backupVerifyFile } = await import('./backupVerify.ts')
      const work = new LongWork(surroundings)
      const { text, reason } =
        options.withoutKek === true
          ? await backupVerifyFile(file, options, work)
          : await backupVerify(settings(), file, options, work, surroundings)
      answer(text, reason)
    })
  backup
    .command('restore')
    .description('write a backup into the empty database that the settings name, of whatever kind')
    .argument('<file>', 'the backup')
    .requiredOption(KEY, KEY_HELP)
    .option(PASSPHRASE, 'whose first line opens the private key')
    .action(async (file: string, options: PrivateKeyOptions) => {
      const { backupRestore } = await import('./backupRestore.ts')
      answer(await backupRestore(settings(), file, options, new LongWork(surroundings)))
    })
  backup
    .command('keygen')
    .description(
      'make a key pair for backups: the private half into the file, the public beside it',
    )
    .requiredOption('--output <file>', 'the private key; the public one is this name with .pub')
    .option(PASSPHRASE, 'whose first line is to seal the private key')
    .action(async (request: KeygenRequest) => {
      const { backupKeygen } = await import('./backupKeyFiles.ts')
      answer(await backupKeygen(request))
    })
}
