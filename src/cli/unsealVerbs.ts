import { request } from 'node:http'
import { z } from 'zod'
import type { Settings } from '../config/settingsTable.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { ExitReason } from './exitCodes.ts'
import { type Asking, shareInFile } from './shareInput.ts'

export interface UnsealRequest {
  readonly socket?: string
  readonly shareFile?: string
  readonly status?: boolean
  readonly reset?: boolean
}

interface Report {
  readonly text: string
  readonly reason: ExitReason
}

const stores = z.object({
  stores: z.array(
    z.object({
      store: z.string(),
      isSealed: z.boolean(),
      set: z.string(),
      threshold: z.int(),
      have: z.int(),
    }),
  ),
})
const refused = z.object({ sentence: z.string() })
type Stores = z.infer<typeof stores>['stores']

interface Reply {
  readonly status: number
  readonly body: unknown
}

const ANSWER_WITHIN_MS = 30_000

/** `gatehouse unseal`: brings one share to the server on this machine. */
export async function unseal(
  settings: Settings,
  { socket, shareFile, status = false, reset = false }: UnsealRequest,
  asking: Asking,
): Promise<Report> {
  const path = socket ?? settings.gatehouse.unseal_socket
  const now = storesIn(await ask(path, 'GET', '/status'))
  if (status) return { text: lines(now), reason: 'done' }
  if (reset) return { text: lines(storesIn(await ask(path, 'POST', '/reset'))), reason: 'done' }
  const sealed = now.filter(({ isSealed }) => isSealed)
  if (sealed.length === 0) return { text: `Nothing is sealed here.\n${lines(now)}`, reason: 'done' }
  const share =
    shareFile === undefined
      ? await asking.readSecretLine(prompt(sealed))
      : await shareInFile(shareFile)
  if (share === undefined) throw new StartupRefusal('No share was given.')
  try {
    const { status: code, body } = await ask(path, 'POST', '/share', share)
    if (code === 200) return { text: lines(storesIn({ status: code, body })), reason: 'done' }
    return { text: refused.parse(body).sentence, reason: 'refused' }
  } finally {
    share.fill(0)
  }
}

/** `gatehouse seal` */
export async function seal(settings: Settings, socket: string | undefined): Promise<Report> {
  const path = socket ?? settings.gatehouse.unseal_socket
  return { text: lines(storesIn(await ask(path, 'POST', '/seal'))), reason: 'done' }
}

function prompt(sealed: Stores): string {
  const wanted = sealed.map(
    ({ store, set, have, threshold }) => `${store} (${set}), ${have} of ${threshold}`,
  )
  return `Share of ${wanted.join(', or of ')}: `
}

function lines(all: Stores): string {
  return all
    .map(({ store, isSealed, set, threshold, have }) =>
      isSealed
        ? `${store}: sealed, ${have} of ${threshold} shares of ${set} were brought`
        : `${store}: open`,
    )
    .join('\n')
}

function storesIn({ status, body }: Reply): Stores {
  const read = stores.safeParse(body)
  if (status === 200 && read.success) return read.data.stores
  const why = refused.safeParse(body)
  throw new StartupRefusal(why.success ? why.data.sentence : `The server answered ${status}.`)
}

function ask(
  path: string,
  method: 'GET' | 'POST',
  target: string,
  content?: Buffer,
): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const asked = request(
    {
      socketPath: path,
      method,
      path: target,
      timeout: ANSWER_WITHIN_MS,
      headers: { 'Content-Length': content?.length ?? 0 },
    },
    (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: jsonIn(text) }))
      response.on('error', reject)
    },
  )
  asked.on('timeout', () => asked.destroy(new Error('no answer')))
  asked.on('error', (cause) => reject(notReached(path, cause)))
  // Not handed to anything that would keep a copy as text.
  asked.end(content)
  return promise
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function notReached(path: string, cause: NodeJS.ErrnoException): StartupRefusal {
  const why =
    cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED'
      ? 'no server listens there: it is not started, its keyring is not sealed by shares, or its [gatehouse] unseal_socket is another (--socket)'
      : cause.code === 'EACCES'
        ? 'it belongs to the user of the server: call this as that user, or as root'
        : `it does not answer (${cause.code ?? cause.message})`
  return new StartupRefusal(`Shares cannot be brought to ${path}: ${why}.`, { cause })
}
