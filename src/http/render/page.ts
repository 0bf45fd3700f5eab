import { z } from 'zod'
import type { Page, PageRequest } from '../../model/page.ts'

/** @param key of the collection on the wire */
export function pageShown(key: string, item: z.ZodType) {
  return z.object({
    [key]: z.array(item),
    previous: z.url().optional().describe('Where the page before is, unless this is the first.'),
    next: z.url().optional().describe('Where the list goes on; absent at its end.'),
    total: z.int().describe('How many there are, whatever the page.'),
  })
}

interface PageOptions {
  /** Key of the collection on the wire. */
  readonly key: string
  /** The collection's own URL, absolute. */
  readonly href: string
  readonly request: PageRequest
  /** Parameters of this request; the links keep all but the paging itself. */
  readonly query: ReadonlyMap<string, string>
  /** Lists of project quotas alone say where the previous page is even beyond the end. */
  readonly linksWhenEmpty?: boolean
}

/** Items, previous, next, total (contract 00). An empty page has no links. */
export function renderPage<T>(
  page: Page<T>,
  options: PageOptions,
  renderItem: (item: T) => unknown,
): object {
  const { limit, offset } = options.request
  const link = (to: number): string => `${options.href}?${linkQuery(options.query, limit, to)}`
  const hasLinks = page.items.length > 0 || options.linksWhenEmpty === true
  const hasMore = options.query.has('marker')
    ? page.items.length === limit
    : page.total > offset + limit
  return {
    [options.key]: page.items.map(renderItem),
    ...(offset > 0 && hasLinks ? { previous: link(Math.max(0, offset - limit)) } : {}),
    ...(hasMore && hasLinks ? { next: link(offset + limit) } : {}),
    total: page.total,
  }
}

function linkQuery(query: ReadonlyMap<string, string>, limit: number, offset: number): string {
  const parameters = new URLSearchParams({ limit: String(limit), offset: String(offset) })
  for (const [key, value] of query) {
    if (key !== 'limit' && key !== 'offset') parameters.append(key, value)
  }
  return parameters.toString()
}
