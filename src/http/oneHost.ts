import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

const BODY = JSON.stringify({
  code: 400,
  title: 'Bad Request',
  description: 'A request has one Host header, not two and not none.',
})

/**
 * Refuses what has two Hosts, where one server may take the first and another the last, or none (RFC 9112
 * section 3.2). Node drops the second without a word. Nothing that followed on such a connection is served.
 */
export function withOneHost(handle: Handle): Handle {
  const refused = new WeakSet<Socket>()
  return (request, response) => {
    if (refused.has(request.socket)) return
    if (hasRightHosts(request)) {
      handle(request, response)
      return
    }
    refused.add(request.socket)
    const headers = { Connection: 'close', 'Content-Type': 'application/json' }
    response.writeHead(400, { ...headers, 'Content-Length': BODY.length }).end(BODY)
  }
}

function hasRightHosts({ rawHeaders, httpVersionMinor }: IncomingMessage): boolean {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  return hosts === 1 || (hosts === 0 && httpVersionMinor === 0)
}
