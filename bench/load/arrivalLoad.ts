/*
 * Clients that come and go: `node arrivalLoad.ts JOB CONNECTIONS SECONDS` opens a connection, sends the job's
 * request, waits for the answer and the end, and begins again, so many at a time; prints one line of JSON.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import tls from 'node:tls'
import type { LoadJob, LoadResult } from './loadJob.ts'
import { rawRequest } from './rawRequest.ts'

const [path = '', connections = '', seconds = ''] = process.argv.slice(2)
const job = JSON.parse(readFileSync(path, 'utf8')) as LoadJob
if (!('arrivals' in job)) throw new Error('A job without arrivals.')
const { origin, arrivals, isResumed } = job
const { protocol, hostname, port } = new URL(origin)
const text = rawRequest(
  { ...arrivals, headers: { ...arrivals.headers, Connection: 'close' } },
  origin,
)

const latencies: number[] = []
let resumed = 0
let firstError: string | undefined
const sinceMs = performance.now()
const untilMs = sinceMs + Number(seconds) * 1000

await Promise.all(Array.from({ length: Number(connections) }, () => work()))

const tookMs = performance.now() - sinceMs
// Otherwise it would be the other case that was measured. The first of each client has nothing to resume.
const wrong = isResumed ? latencies.length - resumed - Number(connections) : resumed
if (protocol === 'https:' && wrong > 0) firstError ??= `${resumed} of ${latencies.length} resumed`
const sorted = Float64Array.from(latencies).sort()
const result: LoadResult = {
  requests: latencies.length,
  seconds: tookMs / 1000,
  p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
  p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
  errors: firstError === undefined ? 0 : 1,
  ...(firstError === undefined ? {} : { firstError }),
}
process.stdout.write(`${JSON.stringify(result)}\n`)

async function work(): Promise<void> {
  let session: Buffer | undefined
  while (performance.now() < untilMs && firstError === undefined) {
    const begunMs = performance.now()
    try {
      session = await arrive(session)
    } catch (error) {
      firstError ??= String(error)
    }
    latencies.push(performance.now() - begunMs)
  }
}

/** @returns a session for the next time, where one is wanted */
async function arrive(session: Buffer | undefined): Promise<Buffer | undefined> {
  let next = session
  let socket: Socket
  if (protocol === 'https:') {
    // What is measured is the server; nobody here has to know its CA.
    const secured = tls.connect({
      host: hostname,
      port: Number(port),
      rejectUnauthorized: false,
      ...(session !== undefined && { session }),
    })
    if (isResumed) {
      secured.on('session', (given: Buffer) => {
        next = given
      })
    }
    secured.on('secureConnect', () => {
      if (secured.isSessionReused()) resumed += 1
    })
    socket = secured
  } else {
    socket = connect(Number(port), hostname)
  }
  let head = ''
  socket.on('data', (chunk) => {
    if (head.length < 16) head += chunk.toString('latin1', 0, 16)
  })
  socket.write(text)
  await once(socket, 'end')
  socket.destroy()
  const status = Number(head.slice(9, 12))
  if (!(status < 400)) throw new Error(`status ${head.slice(0, 16)}`)
  return next
}
