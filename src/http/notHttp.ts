import type { Socket } from 'node:net'

/** How long somebody may take to hang up after that. */
const LINGER_MS = 250

/** What is no HTTP at all: Node cannot make a request of it, so no middleware will see it. */
export function answerBadRequest(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, title] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431', 'Request Header Fields Too Large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408', 'Request Timeout']
        : ['400', 'Bad Request']
  const body = JSON.stringify({
    code: Number(status),
    title,
    description: 'This is not a request.',
  })
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  )
  // Who does not hang up now is not waited for; what else they send ends up above, where they are cut off.
  socket.setTimeout(LINGER_MS, () => socket.destroy())
}
