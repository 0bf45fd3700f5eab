import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Fault } from '../lib/fault.ts'
import { asciiJson } from './answers.ts'
import { matchesEtag } from './etag.ts'
import type { Exchange } from './exchange.ts'
import type { HrefBase } from './hrefs.ts'
import { acceptsJson } from './mediaRanges.ts'
import { parseMicroversion } from './microversion.ts'
import type { Answer } from './route.ts'

export const API_DOCUMENT_PATH = '/v1/openapi.json'

/** The document in two halves, between which the address of this server belongs. */
interface Halves {
  readonly before: string
  readonly after: string
  /** Of both: hashed once, not for every request. */
  readonly digest: string
}

/**
 * GET /v1/openapi.json: the reference as it was written from the route records, with the address it is
 * served at. For anybody, like the version documents; a start does not wait for it.
 */
export class ApiDocument {
  readonly #file: URL
  #halves: Promise<Halves> | undefined

  constructor(file: URL) {
    this.#file = file
  }

  async answer(exchange: Exchange, hrefBase: HrefBase): Promise<Answer> {
    exchange.microversion = parseMicroversion(exchange.header('openstack-api-version'))
    exchange.route = API_DOCUMENT_PATH
    const { method, headers } = exchange.request
    if (method !== 'GET') {
      throw new Fault('methodNotAllowed', 'Only GET is possible here.', {
        headers: { Allow: 'GET' },
      })
    }
    if (!acceptsJson(headers.accept)) {
      throw new Fault('notAcceptable', 'This answer is application/json, which Accept excludes.')
    }
    const { before, after, digest } = await this.#read()
    const address = asciiJson(hrefBase(exchange.request))
    const etag = `"${shortDigest(digest + address)}"`
    // Private: where host_href is blank the address is what the client said, and no other's business.
    const caching = { ETag: etag, 'Cache-Control': 'private, max-age=300' }
    if (matchesEtag(exchange.header('if-none-match'), etag))
      return { status: 304, headers: caching }
    const document = `${before}${address}${after}`
    return { status: 200, document, contentType: 'application/json', headers: caching }
  }

  #read(): Promise<Halves> {
    this.#halves ??= halvesOf(this.#file).catch((error: unknown) => {
      // What could not be read now may be there the next time.
      this.#halves = undefined
      throw error
    })
    return this.#halves
  }
}

async function halvesOf(file: URL): Promise<Halves> {
  const document = JSON.parse(await readFile(file, 'utf8')) as { readonly servers: object }
  const text = JSON.stringify({ ...document, servers: [{ url: '' }] })
  const gap = text.indexOf('"servers":[{"url":""') + '"servers":[{"url":'.length
  return {
    before: text.slice(0, gap),
    after: text.slice(gap + '""'.length),
    digest: shortDigest(text),
  }
}

function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
