/** The normalised payload content types; clients send them back as `Accept` (contract 01). */
export const CONTENT_TYPES = [
  'text/plain',
  'application/octet-stream',
  'application/pkcs8',
] as const

export type ContentType = (typeof CONTENT_TYPES)[number]

/**
 * What a caller means. Case does not matter, a charset of utf-8 may follow text/plain and octet-stream;
 * any other first parameter, and an empty one, is refused. The reference never looks at those behind it.
 */
export function contentTypeNamed(text: string): ContentType | undefined {
  const [name = '', parameter] = text.trimStart().toLowerCase().split(';')
  const type = CONTENT_TYPES.find((known) => known === name.trimEnd())
  if (type === undefined || parameter === undefined) return type
  if (type === 'application/pkcs8') return undefined
  // It looks at the value alone: any parameter name serves.
  return parameter.split('=')[1]?.trim() === 'utf-8' ? type : undefined
}
