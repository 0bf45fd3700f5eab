import type { Heard } from './exchange.ts'
import type { Identities } from './identities.ts'

/** One thing that is not the same on both sides. */
export interface Discrepancy {
  /** `status`, `header <name>`, or where in the body: `body.secrets[0].name`. */
  readonly where: string
  readonly theirs: string
  readonly ours: string
}

export interface Worlds {
  readonly theirBase: string
  readonly ourBase: string
  readonly identities: Identities
}

/** Headers a client can act on. Date, Server, Connection and the length of a body are not among them. */
const HEADERS = [
  'content-type',
  'location',
  'allow',
  'vary',
  'openstack-api-version',
  'www-authenticate',
  'retry-after',
  'etag',
  'cache-control',
  'x-openstack-request-id',
]

const NOW = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{6})?$/
const DAY = 86_400_000

const isAboutNow = (text: string): boolean =>
  NOW.test(text) && Math.abs(Date.parse(`${text.replace(' ', 'T')}Z`) - Date.now()) < DAY

const shown = (value: unknown): string =>
  value === undefined ? '(absent)' : (JSON.stringify(value)?.slice(0, 200) ?? String(value))

const list = (value: string): string =>
  value
    .split(',')
    .map((item) => item.trim())
    .sort()
    .join(', ')

/** The same header in the same words: what RFC 9110 calls equal looks equal. */
const tidyHeader = (name: string, value: string | string[] | undefined): string | undefined => {
  if (value === undefined) return undefined
  const text = String(value)
  if (name === 'content-type') return text.toLowerCase().replaceAll(/\s*;\s*/g, ';')
  if (name === 'allow' || name === 'vary') return list(name === 'vary' ? text.toLowerCase() : text)
  if (name === 'x-openstack-request-id') return text.replace(/^req-[0-9a-f-]{36}$/, 'req-{uuid}')
  if (name === 'etag') return '"..."'
  return text
}

/** The document of an answer, or nothing where it is none. */
export const asJson = (heard: Heard): unknown => {
  if (heard.headers['content-type']?.split(';')[0] !== 'application/json') return undefined
  try {
    return JSON.parse(heard.body.toString('utf8'))
  } catch {
    return undefined
  }
}

export interface CompareOptions {
  /** What each side made at random: bodies are equal when they are keys of the same kind. */
  readonly isRandomBody?: boolean
}

export const compare = (
  theirs: Heard,
  ours: Heard,
  worlds: Worlds,
  { isRandomBody = false }: CompareOptions = {},
): readonly Discrepancy[] => {
  const found: Discrepancy[] = []
  const note = (where: string, left: unknown, right: unknown): void =>
    void found.push({ where, theirs: shown(left), ours: shown(right) })

  const alike = (left: string, right: string): boolean =>
    worlds.identities.match(
      left.replaceAll(worlds.theirBase, '{base}'),
      right.replaceAll(worlds.ourBase, '{base}'),
    )

  const visit = (where: string, left: unknown, right: unknown): void => {
    if (typeof left === 'string' && typeof right === 'string') {
      if (isAboutNow(left) && isAboutNow(right)) return
      if (LINK.test(where)) {
        const [one, other] = [linkParts(left), linkParts(right)]
        if (!alike(one.page, other.page)) note(where, one.page, other.page)
        if (one.filters !== other.filters) note(`${where} filters`, one.filters, other.filters)
        return
      }
      if (!alike(left, right)) note(where, left, right)
    } else if (Array.isArray(left) && Array.isArray(right)) {
      const [one, other] = UNORDERED.test(where) ? [sorted(left), sorted(right)] : [left, right]
      if (one.length !== other.length) note(`${where}.length`, one.length, other.length)
      else
        for (const [index, item] of one.entries()) visit(`${where}[${index}]`, item, other[index])
    } else if (isObject(left) && isObject(right)) {
      for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
        const place = `${where}.${key}`
        if (!Object.hasOwn(left, key) || !Object.hasOwn(right, key))
          note(place, left[key], right[key])
        // Sentences for people: each side has its own, and null is one of Barbican's.
        else if (!WORDING.test(place)) visit(place, left[key], right[key])
      }
    } else if (left !== right) note(where, left, right)
  }

  if (theirs.status !== ours.status) {
    note('status', theirs.status, ours.status)
    return found
  }
  if (theirs.hasStrayBytes !== ours.hasStrayBytes)
    note('stray bytes', theirs.hasStrayBytes, ours.hasStrayBytes)
  for (const name of HEADERS) {
    const left = tidyHeader(name, theirs.headers[name])
    const right = tidyHeader(name, ours.headers[name])
    if (left === right) continue
    if (left === undefined || right === undefined || !alike(left, right))
      note(`header ${name}`, left, right)
  }
  const [left, right] = [asJson(theirs), asJson(ours)]
  if (left !== undefined && right !== undefined) visit('body', left, right)
  else if (left !== undefined || right !== undefined)
    note('body', theirs.body.toString('utf8'), ours.body.toString('utf8'))
  else if (isRandomBody) {
    if (kindOfKey(theirs.body) !== kindOfKey(ours.body))
      note('body', kindOfKey(theirs.body), kindOfKey(ours.body))
  } else if (!theirs.body.equals(ours.body))
    note('body', theirs.body.toString('latin1'), ours.body.toString('latin1'))
  return found
}

const PEM = /^-----BEGIN ([A-Z ]+)-----\n[\s\S]*-----END \1-----\n?$/

/** PEM by its label; DER, whose integers may be a byte shorter; and the length of what has no form. */
const kindOfKey = (body: Buffer): string => {
  const label = PEM.exec(body.toString('latin1'))?.[1]
  if (label !== undefined) return `PEM ${label}`
  const isDer = body[0] === 0x30 && body[1] === 0x82 && body.readUInt16BE(2) === body.length - 4
  return isDer ? 'DER' : `${body.length} bytes`
}

/** Sets: users of an ACL, and consumers within another document, which come as a database likes. */
const UNORDERED = /\.users$|(?<!^body)\.consumers$|^body\.consumers$/

const sorted = (items: readonly unknown[]): readonly unknown[] =>
  items.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))

const LINK = /^body\.(next|previous)$/

/** The page a link leads to, and apart from it which part of the list: the filters. */
const linkParts = (link: string): { readonly page: string; readonly filters: string } => {
  const url = new URL(link)
  const all = [...url.searchParams]
  const isPage = ([key]: [string, string]): boolean => key === 'limit' || key === 'offset'
  const text = (pairs: [string, string][]): string => new URLSearchParams(pairs).toString()
  return {
    page: `${url.origin}${url.pathname}?${text(all.filter(isPage))}`,
    filters: text(all.filter((pair) => !isPage(pair))),
  }
}

const WORDING = /^body\.description$|\.error_reason$/

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
