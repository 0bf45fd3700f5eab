import { Agent, type IncomingHttpHeaders, request } from 'node:http'

export interface Person {
  readonly project: string
  readonly user?: string
  readonly roles?: readonly string[]
}

export interface Question {
  readonly method: string
  /** With its query, escaped as it shall go over the wire. */
  readonly path: string
  /** Nobody: no identity headers at all. */
  readonly by: Person | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
}

export interface Heard {
  /** 0 where the connection was closed without an answer. */
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Bytes followed that belong to no answer. */
  readonly hasStrayBytes: boolean
}

const keptAlive = new Agent({ keepAlive: true, maxSockets: 4 })

const identity = (by: Person): Record<string, string> => ({
  'X-Project-Id': by.project,
  ...(by.user === undefined ? {} : { 'X-User-Id': by.user }),
  ...(by.roles === undefined ? {} : { 'X-Roles': by.roles.join(',') }),
})

/** One request as it stands; every answer is one, a connection that is closed instead included. */
export const exchange = async (url: string, question: Question): Promise<Heard> => {
  const { method, path, by, headers, body } = question
  const { hostname, port } = new URL(url)
  const { promise, resolve, reject } = Promise.withResolvers<Heard>()
  const sent = request({
    host: hostname,
    port,
    method,
    path,
    agent: keptAlive,
    headers: {
      ...(by === undefined ? {} : identity(by)),
      ...(body === undefined ? {} : { 'Content-Length': String(body.length) }),
      ...headers,
    },
    signal: AbortSignal.timeout(30_000),
  })
  let begun: { readonly status: number; readonly headers: IncomingHttpHeaders } | undefined
  const chunks: Buffer[] = []
  const heard = (hasStrayBytes: boolean): Heard => ({
    status: begun?.status ?? 0,
    headers: begun?.headers ?? {},
    body: Buffer.concat(chunks),
    hasStrayBytes,
  })
  sent.on('response', (response) => {
    begun = { status: response.statusCode ?? 0, headers: response.headers }
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('error', reject)
    // Whoever reads on a moment longer sees whether more comes than was announced.
    response.on('end', () => setImmediate(() => resolve(heard(false))))
  })
  sent.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'HPE_CLOSED_CONNECTION') resolve(heard(true))
    else if (error.code === 'ECONNRESET') resolve(heard(false))
    else reject(error)
  })
  sent.end(body)
  return promise
}
