/** The normalised payload content types; clients send them back as `Accept` (contract 01). */
export const CONTENT_TYPES = [
  'text/plain',
  'application/octet-stream',
  'application/pkcs8',
] as const

export type ContentType = (typeof CONTENT_TYPES)[number]

/**
 * What a caller means. Case does not matter, a charset of utf-8 may follow text/plain and octet-stream;
 * every other parameter, and an empty one, is refused.
 */
export function contentTypeNamed(text: string): ContentType | undefined {
  const [name = '', ...parameters] = text.trimStart().toLowerCase().split(';')
  const type = CONTENT_TYPES.find((known) => known === name.trimEnd())
  if (type === undefined || parameters.length === 0) return type
  if (parameters.length > 1 || type === 'application/pkcs8') return undefined
  // The reference looks at the value alone: any parameter name serves.
  return parameters[0]?.split('=')[1]?.trim() === 'utf-8' ? type : undefined
}
