import { z } from 'zod'
import {
  type DateCondition,
  type DateOperator,
  SECRET_SORT_KEYS,
  type SecretFilter,
  type SecretQuery,
  type SecretSortKey,
} from '../../domain/ports/secretRepositories.ts'
import { Fault } from '../../lib/fault.ts'
import { parseSecretId } from '../../lib/ids.ts'
import { parseIsoTime } from '../../lib/isoTime.ts'
import { decodeMarker, markerParameter } from './marker.ts'
import { unquotePlus } from './query.ts'

const dates = (what: string) =>
  z
    .string()
    .describe(
      `${what}: ISO 8601 dates with gt:, gte:, lt:, lte: or nothing before them, separated by commas, all of which must hold. A + in a URL is %2B.`,
    )

/** What GET /v1/secrets understands besides paging. */
export const secretListParameters = {
  name: z.string().describe('Names like this one; % and _ are wildcards, case does not count.'),
  alg: z.string().describe('Algorithms like this one, as with name.'),
  mode: z.string().describe('Modes like this one, as with name.'),
  bits: z.int().min(1).describe('The bit length; what is no number is ignored.'),
  secret_type: z.string().describe('The type; an unknown one lists nothing.'),
  created: dates('When it was created'),
  updated: dates('When it was last changed'),
  expiration: dates('When it expires; what has expired is never listed'),
  sort: z
    .string()
    .describe(
      `Keys separated by commas, each alone or with :asc or :desc: ${SECRET_SORT_KEYS.join(', ')}.`,
    ),
  acl_only: z
    .string()
    .describe(
      'true lists the secrets, of any project, whose ACL names the user; other values are ignored.',
    ),
  marker: markerParameter('secret'),
}

type Parameters = ReadonlyMap<string, string>

/** The part of a list request that comes from its query string, paging aside. */
export type SecretListRequest = Pick<SecretQuery, 'filter' | 'sort' | 'marker'> & {
  readonly aclOnly: boolean
}

/** Filters, sort, acl_only and marker of GET /v1/secrets (contract 01). Empty values are ignored. */
export function decodeSecretQuery(query: Parameters): SecretListRequest {
  return {
    filter: decodeFilter(query),
    sort: decodeSort(given(query, 'sort')),
    aclOnly: query.get('acl_only')?.toLowerCase() === 'true',
    ...decodeMarker(query, parseSecretId, 'a secret'),
  }
}

function decodeFilter(query: Parameters): SecretFilter {
  const pattern = (key: string): string | undefined => {
    const value = given(query, key)
    return value === undefined ? undefined : unquotePlus(value)
  }
  const bits = Number(/^\s*\+?\d{1,9}\s*$/.test(query.get('bits') ?? '') ? query.get('bits') : 0)
  return present({
    name: pattern('name'),
    algorithm: pattern('alg'),
    mode: pattern('mode'),
    bitLength: bits > 0 ? bits : undefined,
    secretType: given(query, 'secret_type'),
    created: decodeDates('created', given(query, 'created')),
    updated: decodeDates('updated', given(query, 'updated')),
    expiration: decodeDates('expiration', given(query, 'expiration')),
  })
}

function given(query: Parameters, key: string): string | undefined {
  return query.get(key) || undefined
}

function present<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}

function decodeSort(text: string | undefined): SecretQuery['sort'] {
  if (text === undefined) return []
  const seen = new Set<string>()
  return text.split(',').map((part) => {
    const [key = '', direction = 'asc', ...rest] = part.split(':')
    if (rest.length > 0 || (direction !== 'asc' && direction !== 'desc')) {
      throw badQuery('sort', 'each part is key, key:asc or key:desc')
    }
    if (!isSortKey(key)) throw badQuery('sort', `the keys are ${SECRET_SORT_KEYS.join(', ')}`)
    if (seen.has(key)) throw badQuery('sort', `${key} is given twice`)
    seen.add(key)
    return { key, descending: direction === 'desc' }
  })
}

function isSortKey(key: string): key is SecretSortKey {
  return (SECRET_SORT_KEYS as readonly string[]).includes(key)
}

const OPERATORS: ReadonlySet<string> = new Set(['gt', 'gte', 'lt', 'lte'])

function decodeDates(name: string, text: string | undefined): readonly DateCondition[] | undefined {
  if (text === undefined) return undefined
  const conditions = text.split(',').map((part) => decodeDate(name, part))
  const count = (...operators: readonly DateOperator[]): number =>
    conditions.filter((condition) => operators.includes(condition.operator)).length
  if (count('gt', 'gte') > 1 || count('lt', 'lte') > 1) {
    throw badQuery(name, 'one lower and one upper bound are possible')
  }
  if (count('eq') > 1 || (count('eq') === 1 && count('gte', 'lte') > 0)) {
    throw badQuery(name, 'a plain date does not go with gte, lte or another plain date')
  }
  return conditions
}

function decodeDate(name: string, part: string): DateCondition {
  const colon = part.indexOf(':')
  const prefix = part.slice(0, Math.max(colon, 0))
  const operator = OPERATORS.has(prefix) ? (prefix as DateOperator) : 'eq'
  const at = parseIsoTime(operator === 'eq' ? part : part.slice(colon + 1))
  if (at !== undefined) return { operator, at }
  throw badQuery(
    name,
    'ISO 8601 dates are wanted, each with gt:, gte:, lt:, lte: or nothing before it',
  )
}

function badQuery(parameter: string, wanted: string): Fault {
  return new Fault('badRequest', `Query parameter ${parameter} is not valid: ${wanted}.`)
}
