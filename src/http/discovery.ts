import { Fault } from '../lib/fault.ts'
import type { Exchange } from './exchange.ts'
import type { HrefBase } from './hrefs.ts'
import { acceptsJson } from './mediaRanges.ts'
import { parseMicroversion } from './microversion.ts'
import type { Answer } from './route.ts'
import type { VersionDocuments } from './versions.ts'

const BUILD = '0.1.0'

/** GET / and whatever else is not below /v1: no token, no database (contract 00, version discovery). */
export function discoveryAnswer(
  exchange: Exchange,
  path: string,
  queryString: string,
  documents: VersionDocuments,
  hrefBase: HrefBase,
): Answer {
  exchange.microversion = parseMicroversion(exchange.header('openstack-api-version'))
  if (path !== '/')
    throw new Fault('notFound', 'There is nothing at this path; the API is below /v1.')
  exchange.route = '/'
  const { method, headers } = exchange.request
  if (method !== 'GET') {
    throw new Fault('methodNotAllowed', 'Only GET is possible here.', { headers: { Allow: 'GET' } })
  }
  const base = hrefBase(exchange.request)
  if (headers.accept === 'application/json-home') {
    return { status: 302, headers: { Location: `${base}/v1/` } }
  }
  if (!acceptsJson(headers.accept)) {
    throw new Fault('notAcceptable', 'This answer is application/json, which Accept excludes.')
  }
  if (queryString !== '' && new URLSearchParams(queryString).has('build')) {
    return { status: 200, json: { build: BUILD } }
  }
  const document = documents.list(base, exchange.microversion)
  return { status: 300, document, contentType: 'application/json' }
}
