import { generateKeyPair, type KeyObject } from 'node:crypto'
import { setPriority } from 'node:os'
import type { KeyPairRecipe, KeyPairSpec } from '../model/keyPair.ts'
import { FrameReader, frameOf } from './keyPairFrames.ts'

/*
 * The process that makes key pairs, so that no reader waits for primes (design 9). It reads requests on
 * its standard input and answers on its standard output, one after the other; it opens nothing, and its
 * environment is empty. PEM passes through strings that cannot be wiped: they end with this process,
 * which its parent ends when there is nothing to do.
 *
 *   request: recipe as JSON | passphrase, empty for none
 *   answer:  'made' | private key | public key, or 'failed' | reason
 */

/** Below everything that answers somebody. */
const NICENESS = 10

interface Pair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

try {
  setPriority(NICENESS)
} catch {
  // A sandbox may forbid it: slower for the readers, and no reason to make no keys.
}
// Ctrl-C and a supervisor reach the whole group; the parent decides when this process ends.
process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined)
// The parent is gone. Leaving politely would first finish the key that nobody waits for.
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL'))

const reader = new FrameReader()
process.stdin.on('data', (chunk: Buffer) => {
  const request = reader.push(chunk)
  if (request !== undefined) void answer(request)
})

async function answer([recipe, passphrase]: readonly Buffer[]): Promise<void> {
  let fields: readonly Uint8Array[]
  try {
    fields = await made(JSON.parse(String(recipe)) as KeyPairRecipe, passphrase ?? Buffer.alloc(0))
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    fields = [Buffer.from('failed'), Buffer.from(reason)]
  }
  const frame = frameOf(fields)
  for (const bytes of [passphrase, ...fields]) bytes?.fill(0)
  process.stdout.write(frame, () => frame.fill(0))
}

async function made(
  { spec, form }: KeyPairRecipe,
  passphrase: Buffer,
): Promise<readonly Uint8Array[]> {
  const { privateKey, publicKey } = await generate(spec)
  const encryption = passphrase.length === 0 ? {} : { cipher: 'aes-256-cbc', passphrase }
  // The same twice, since the types have an overload for each form and none for both.
  const written =
    form === 'der'
      ? [
          privateKey.export({ type: 'pkcs8', format: form, ...encryption }),
          publicKey.export({ type: 'spki', format: form }),
        ]
      : [
          privateKey.export({ type: 'pkcs8', format: form, ...encryption }),
          publicKey.export({ type: 'spki', format: form }),
        ]
  return [Buffer.from('made'), ...written.map(bytesOf)]
}

/** In the pool of threads: the loop stays free to notice that the parent is gone. */
function generate(spec: KeyPairSpec): Promise<Pair> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, publicKey: KeyObject, privateKey: KeyObject): void => {
      if (error === null) resolve({ publicKey, privateKey })
      else reject(error)
    }
    if (spec.algorithm === 'ec') generateKeyPair('ec', { namedCurve: spec.curve }, done)
    else if (spec.algorithm === 'rsa') {
      generateKeyPair('rsa', { modulusLength: spec.bits, publicExponent: 65_537 }, done)
    } else {
      const { bits: modulusLength, divisorBits: divisorLength } = spec
      generateKeyPair('dsa', { modulusLength, divisorLength }, done)
    }
  })
}

function bytesOf(written: string | Buffer): Buffer {
  return typeof written === 'string' ? Buffer.from(written, 'latin1') : written
}
