import type { IncomingMessage } from 'node:http'
import { Fault } from '../lib/fault.ts'

/**
 * Reads a body of at most `limit` bytes. A longer one is refused as soon as that is known, and the
 * connection closes after the answer, so that nobody has to swallow the rest.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const declared = request.headers['content-length']
  if (declared !== undefined && Number(declared) > limit) return Promise.reject(tooLarge(limit))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const done = (error: Error | undefined): void => {
      request.off('data', onData).off('end', onEnd).off('error', onLost).off('close', onLost)
      if (error === undefined) {
        resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : joined(chunks))
        return
      }
      for (const chunk of chunks) chunk.fill(0)
      reject(error)
    }
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      chunks.push(chunk)
      if (size > limit) done(tooLarge(limit))
    }
    const onEnd = (): void => done(undefined)
    const onLost = (): void => done(new Fault('badRequest', 'The request body ended too early.'))
    request.on('data', onData).on('end', onEnd).on('error', onLost).on('close', onLost)
  })
}

function tooLarge(limit: number): Fault {
  return new Fault(
    'tooLarge',
    `The request body is larger than ${limit} bytes, which is the limit.`,
    {
      headers: { Connection: 'close' },
    },
  )
}

function joined(chunks: readonly Buffer[]): Buffer {
  const whole = Buffer.concat(chunks)
  for (const chunk of chunks) chunk.fill(0)
  return whole
}
