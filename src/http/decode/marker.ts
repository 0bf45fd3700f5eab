import { z } from 'zod'
import { Fault } from '../../lib/fault.ts'

export function markerParameter(noun: string) {
  return z
    .string()
    .describe(
      `The id or the href of the last ${noun} of the page before: the list goes on behind it.`,
    )
}

/**
 * Where a list starts: after this item. openstacksdk pages by the href of the last one; an id alone serves
 * as well, and an empty value is none.
 */
export function decodeMarker<Id>(
  query: ReadonlyMap<string, string>,
  parseId: (text: string) => Id | undefined,
  kind: string,
): { readonly marker?: Id } {
  const text = query.get('marker')
  if (!text) return {}
  const marker = parseId(text.slice(text.lastIndexOf('/') + 1))
  if (marker !== undefined) return { marker }
  throw new Fault(
    'badRequest',
    `Query parameter marker is not valid: the id or the href of ${kind} is wanted.`,
  )
}
