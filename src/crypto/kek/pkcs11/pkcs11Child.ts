import { frameOf } from '../../keyPairFrames.ts'
import type { Addon } from './cryptoki.ts'
import { NoToken, probeTokens } from './findToken.ts'
import { FrameStream } from './frameStream.ts'
import type { HsmAnswer, HsmRequest, LibraryRequest, Numbered, OpenRequest } from './hsmMessages.ts'
import { DoesNotOpen, HsmRefusal } from './hsmRefusal.ts'
import { HsmToken, loadLibrary } from './hsmToken.ts'
import { isCallAtFault, wordsOf } from './returnValues.ts'

/*
 * The process that talks to an HSM (ADR 0051): a vendor's library may hang, or bring down whoever loaded
 * it, and no thread can be ended while it is in there. Requests come on standard input and are answered
 * on standard output in whatever order they end. Whoever is answered 'lost' ends this process and starts
 * another one: a library is never initialized twice.
 */

// Ctrl-C and a supervisor reach the whole group; the parent decides when this process ends.
process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined)
// The parent is gone. There is nothing to log out of: the token forgets a process that ends.
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL'))

let token: HsmToken | undefined

const stream = new FrameStream()
process.stdin.on('data', (chunk: Buffer) => {
  for (const [header, ...fields] of stream.push(chunk)) {
    // Written by our own parent.
    void answer(JSON.parse(String(header)) as Numbered<HsmRequest>, fields)
  }
})

async function answer(request: Numbered<HsmRequest>, given: readonly Buffer[]): Promise<void> {
  let said: HsmAnswer
  let bytes: readonly Buffer[] = []
  try {
    const done = await answered(request, given)
    said = { outcome: 'done', value: done.value }
    bytes = done.bytes ?? []
  } catch (error) {
    said = unanswered(error)
  }
  const frame = frameOf([Buffer.from(JSON.stringify({ id: request.id, ...said })), ...bytes])
  for (const field of [...given, ...bytes]) field.fill(0)
  process.stdout.write(frame, () => frame.fill(0))
}

async function answered(
  request: HsmRequest,
  [first = Buffer.alloc(0), second = Buffer.alloc(0)]: readonly Buffer[],
): Promise<{ readonly value?: unknown; readonly bytes?: readonly Buffer[] }> {
  switch (request.verb) {
    case 'open':
      return { value: await open(request, first) }
    case 'probe': {
      const { cryptoki } = loadLibrary(await addonOf(request), request.libraryPath)
      return { value: probeTokens(cryptoki) }
    }
    case 'wrap':
      return { bytes: [await opened().wrap(request.kekId, first, second)] }
    case 'unwrap':
      return { bytes: [await opened().unwrap(request.kekId, first, second)] }
    case 'generate':
      return { value: await opened().generate(request.label) }
    case 'health':
      opened().health()
      return {}
  }
}

async function open(request: OpenRequest, pin: Buffer): Promise<unknown> {
  const addon = await addonOf(request)
  const { token: found, opened: facts } = await HsmToken.open(addon, request, pin)
  token = found
  return facts
}

function opened(): HsmToken {
  if (token === undefined) throw new Error('No token is open.')
  return token
}

function unanswered(error: unknown): HsmAnswer {
  if (error instanceof HsmRefusal) {
    return { outcome: 'refused', message: error.message, isPin: error.isPin }
  }
  if (error instanceof DoesNotOpen) return { outcome: 'corrupted', message: error.message }
  if (error instanceof NoToken) return { outcome: 'lost', message: error.message }
  return { outcome: isCallAtFault(error) ? 'failed' : 'lost', message: wordsOf(error) }
}

/** Compiled where it is wanted, so it is looked for when it is needed and not before. */
async function addonOf({ addon }: LibraryRequest): Promise<Addon> {
  const place = addon.startsWith('/') ? new URL(`file://${encodeURI(addon)}/index.js`).href : addon
  try {
    // The form of pkcs11js, a CommonJS module; index.js of its folder is its door.
    return ((await import(place)) as { readonly default: Addon }).default
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
    throw new HsmRefusal(
      `The addon pkcs11js is not there, or was not compiled: \`npm install pkcs11js\` in a folder of its own, on a machine with a C++ compiler, and name what it made in [pkcs11] addon (docs/kek-stores/pkcs11.md). ${reason}`,
      { cause },
    )
  }
}
