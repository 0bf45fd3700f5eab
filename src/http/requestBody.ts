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
      else resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : joined(chunks))
    }
    const onLost = (): void => fail(lost())
    request.on('data', onData).on('end', onEnd).on('error', onLost).on('close', onLost)
  })
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

function joined(chunks: readonly Buffer[]): Buffer {
  const whole = Buffer.concat(chunks)
  for (const chunk of chunks) chunk.fill(0)
  return whole
}
