import type { Command } from 'commander'
import type { Settings } from '../config/settingsTable.ts'
import type { ExitReason } from './exitCodes.ts'
import type { ProbeOptions, StoreOption } from './hsmVerbs.ts'

interface Around {
  settings(): Settings
  answer(text: string, reason: ExitReason): void
}

const STORE = [
  '--store <name>',
  'which one, such as pkcs11:b, where several KEK stores are in HSMs',
] as const

/** `gatehouse hsm ...` */
export function addHsm(program: Command, { settings, answer }: Around): void {
  const hsm = program.command('hsm').description('KEKs in a hardware security module (PKCS#11)')
  hsm
    .command('probe')
    .description('list the tokens of a PKCS#11 library and what they could do; needs no PIN')
    .option('--library <path>', 'the library; [pkcs11] library_path when left out')
    .action(async (options: ProbeOptions) => {
      const { hsmProbe } = await import('./hsmVerbs.ts')
      const { text, reason } = await hsmProbe(settings(), options)
      answer(text, reason)
    })
  hsm
    .command('generate-kek')
    .description('make an AES key of 256 bits in the token, which never leaves it')
    .requiredOption('--label <label>', 'its label; nothing else in the token may have it')
    .option(...STORE)
    .action(async (options: StoreOption & { readonly label: string }) => {
      const { hsmGenerateKek } = await import('./hsmVerbs.ts')
      const { text, reason } = await hsmGenerateKek(settings(), options)
      answer(text, reason)
    })
  hsm
    .command('check')
    .description(
      'log in (once, also where the last PIN was wrong), wrap and unwrap under each KEK, open the canaries',
    )
    .option(...STORE)
    .action(async (options: StoreOption) => {
      const { hsmCheck } = await import('./hsmVerbs.ts')
      const { text, reason } = await hsmCheck(settings(), options)
      answer(text, reason)
    })
}
