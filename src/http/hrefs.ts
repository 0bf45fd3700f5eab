import type { IncomingMessage } from 'node:http'
import type { ProxyWords } from './forwarded.ts'

/** Scheme, host and prefix that every ref of an answer starts with; no trailing slash. */
export type HrefBase = (request: IncomingMessage) => string

export interface HrefOptions {
  /** `[DEFAULT] host_href`; blank means: from each request (contract 00, hrefs). */
  readonly hostHref: string
  readonly proxyWords: ProxyWords
  /** Where we listen, for a request whose Host is no host. */
  readonly fallback: string
}

export function hrefBase(options: HrefOptions): HrefBase {
  const fixed = withoutTrailingSlashes(options.hostHref.trim())
  if (fixed !== '') return () => fixed
  return (request) => requestBase(request, options)
}

const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/

function requestBase(request: IncomingMessage, { proxyWords, fallback }: HrefOptions): string {
  const words = proxyWords.targetOf(request)
  const proto = words.proto?.toLowerCase() ?? (isEncrypted(request) ? 'https' : 'http')
  const host = words.host ?? request.headers.host ?? ''
  if (!HOST.test(host) || (proto !== 'http' && proto !== 'https')) return fallback
  return `${proto}://${host}${safePrefix(words.prefix)}`
}

/** Did it come over TLS of ours? */
export function isEncrypted({ socket }: IncomingMessage): boolean {
  return 'encrypted' in socket
}

function safePrefix(prefix: string | undefined): string {
  if (prefix === undefined || !/^\/[A-Za-z0-9._~/-]*$/.test(prefix)) return ''
  return withoutTrailingSlashes(prefix)
}

function withoutTrailingSlashes(text: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === '/') end -= 1
  return text.slice(0, end)
}
