import type { LoadRequest } from './loadJob.ts'

/** The request as it goes over the wire. */
export function rawRequest({ method, path, headers, body }: LoadRequest, origin: string): string {
  const all = {
    Host: new URL(origin).host,
    ...headers,
    ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`
}
