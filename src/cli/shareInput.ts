import type { KeyObject } from 'node:crypto'
import { readPrivateFile } from '../crypto/kek/privateFile.ts'
import { readShareScheme } from '../crypto/kek/sealableKeyring.ts'
import { ShareDesk } from '../crypto/kek/shares/shareDesk.ts'
import { readShare, ShareRefused } from '../crypto/kek/shares/shareText.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { EXIT_CODES } from './exitCodes.ts'
import type { Surroundings } from './surroundings.ts'

export type Asking = Pick<Surroundings, 'out' | 'err' | 'readSecretLine'>

const TRIES = 5

/** A share in a file of its owner's alone. */
export async function shareInFile(path: string): Promise<Buffer> {
  const file = await readPrivateFile(path)
  if (file === undefined) throw new StartupRefusal(`There is no ${path}.`)
  return file
}

/**
 * The key of a keyring, for a verb that opens it by itself: asks for shares until there are enough, on
 * the terminal without an echo, or one a line on standard input.
 * @throws StartupRefusal when they do not come
 */
export async function keyFromShares(
  path: string,
  name: string,
  { err, readSecretLine }: Asking,
): Promise<KeyObject> {
  const desk = new ShareDesk({ readScheme: () => readShareScheme(path) })
  try {
    let refusals = 0
    for (;;) {
      const { set, threshold, have } = await desk.progress()
      const line = await readSecretLine(`Share of ${name} (${set}), ${have} of ${threshold}: `)
      if (line === undefined) throw tooFew(path, have, threshold)
      try {
        const key = await desk.take(readShare(line))
        if (key !== undefined) return key
      } catch (error) {
        if (!(error instanceof ShareRefused)) throw error
        err.write(`${error.message}\n`)
        refusals += 1
        if (refusals >= TRIES) throw tooFew(path, have, threshold)
      }
    }
  } finally {
    desk.reset()
  }
}

function tooFew(path: string, have: number, threshold: number): StartupRefusal {
  return new StartupRefusal(
    `The keyring ${path} stays closed: ${have} of ${threshold} shares were given. They are read from the terminal, or one a line from standard input.`,
    { exitCode: EXIT_CODES.keys.code },
  )
}
