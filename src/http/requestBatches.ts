import type { IncomingMessage, ServerResponse } from 'node:http'

/** More side by side would no longer fit into the caches, and the first would wait for the last. */
const MOST_TOGETHER = 64

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

/**
 * Requests that came in one turn of the event loop start together at its end, and go on side by side from
 * await to await: what they all need (the parser, SQLite, the cipher, the socket) is then warm in the
 * processor's caches, and their reads share a transaction (ADR 0012).
 */
export function inBatches(handle: Handle): Handle {
  const waiting: [IncomingMessage, ServerResponse][] = []
  const startBatch = (): void => {
    const batch = waiting.splice(0, MOST_TOGETHER)
    if (waiting.length > 0) setImmediate(startBatch)
    for (const [request, response] of batch) handle(request, response)
  }
  return (request, response) => {
    if (waiting.push([request, response]) === 1) setImmediate(startBatch)
  }
}
