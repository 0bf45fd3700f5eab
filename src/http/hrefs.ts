import type { IncomingHttpHeaders } from 'node:http'

/** Scheme, host and prefix that every ref of an answer starts with; no trailing slash. */
export type HrefBase = (headers: IncomingHttpHeaders) => string

export interface HrefOptions {
  /** `[DEFAULT] host_href`; blank means: from each request (contract 00, hrefs). */
  readonly hostHref: string
  /** `[oslo_middleware] enable_proxy_headers_parsing` */
  readonly parseProxyHeaders: boolean
  /** Where we listen, for a request whose Host is no host. */
  readonly fallback: string
}

export function hrefBase(options: HrefOptions): HrefBase {
  const fixed = withoutTrailingSlashes(options.hostHref.trim())
  if (fixed !== '') return () => fixed
  return (headers) => requestBase(headers, options)
}

const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/

function requestBase(headers: IncomingHttpHeaders, options: HrefOptions): string {
  const forwarded = options.parseProxyHeaders ? parseForwarded(first(headers['forwarded'])) : {}
  // X-Forwarded-Proto counts even without the option (contract 00).
  const proto = (forwarded.proto ?? first(headers['x-forwarded-proto']) ?? 'http').toLowerCase()
  const proxyHost = options.parseProxyHeaders
    ? (forwarded.host ?? first(headers['x-forwarded-host']))
    : undefined
  const host = proxyHost ?? headers.host ?? ''
  if (!HOST.test(host) || (proto !== 'http' && proto !== 'https')) return options.fallback
  const prefix = options.parseProxyHeaders ? first(headers['x-forwarded-prefix']) : undefined
  return `${proto}://${host}${safePrefix(prefix)}`
}

/** The first value of a header that every proxy on the way may have added to. */
function first(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'string' ? header : header?.[0]
  const value = text?.split(',')[0]?.trim()
  return value === '' ? undefined : value
}

/** RFC 7239: the first element's host and proto. */
function parseForwarded(element: string | undefined): { host?: string; proto?: string } {
  const pairs = (element ?? '').split(';').map((pair) => {
    const [name = '', value = ''] = pair.split('=', 2)
    return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')]
  })
  const found = new Map(pairs.map(([name = '', value = '']) => [name, value]))
  const host = found.get('host')
  const proto = found.get('proto')
  return { ...(host ? { host } : {}), ...(proto ? { proto } : {}) }
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
