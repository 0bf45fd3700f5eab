import type { IncomingMessage } from 'node:http'
import { Fault } from '../lib/fault.ts'

/** How much more than is allowed may come before the connection is cut instead of emptied. */
const SWALLOWED_BYTES = 1_048_576

/**
 * Reads a body of at most `limit` bytes. What is a little too long is read to its end before it is
 * refused: most clients send first and look for the answer afterwards, and would see a reset instead.
 * What is much too long closes the connection.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const cutAt = limit + SWALLOWED_BYTES
  if (Number(request.headers['content-length'] ?? 0) > cutAt) {
    return Promise.reject(tooLarge(limit, { Connection: 'close' }))
  }
  // Gone while the caller was being authenticated: none of the events below would come any more.
  if (request.destroyed) return Promise.reject(lost())
  if (request.complete) return arrived(request, limit)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const finish = (): void => {
      request.off('data', onData).off('end', onEnd).off('error', onLost).off('close', onLost)
    }
    const fail = (fault: Fault): void => {
      finish()
      for (const chunk of chunks) chunk.fill(0)
      reject(fault)
    }
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
      else chunk.fill(0)
      if (size > cutAt) fail(tooLarge(limit, { Connection: 'close' }))
    }
    const onEnd = (): void => {
      finish()
      if (size > limit) fail(tooLarge(limit))
      else resolve(whole(chunks))
    }
    const onLost = (): void => fail(lost())
    request.on('data', onData).on('end', onEnd).on('error', onLost).on('close', onLost)
  })
}

/** Mostly the body came together with its head: it is taken as it lies there, without waiting for events. */
async function arrived(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  // Flowing, it hands out one piece at a time, so that none is left unwiped.
  request.resume()
  for (let chunk = next(request); chunk !== null; chunk = next(request)) chunks.push(chunk)
  if (chunks.reduce((size, { length }) => size + length, 0) <= limit) return whole(chunks)
  for (const chunk of chunks) chunk.fill(0)
  throw tooLarge(limit)
}

function next(request: IncomingMessage): Buffer | null {
  return request.read()
}

function lost(): Fault {
  return new Fault('badRequest', 'The request body ended too early.')
}

function tooLarge(limit: number, headers: Readonly<Record<string, string>> = {}): Fault {
  return new Fault(
    'tooLarge',
    `The request body is larger than ${limit} bytes, which is the limit.`,
    { headers },
  )
}

function whole(chunks: readonly Buffer[]): Buffer {
  const [first, ...more] = chunks
  if (first !== undefined && more.length === 0) return first
  const joined = Buffer.concat(chunks)
  for (const chunk of chunks) chunk.fill(0)
  return joined
}
