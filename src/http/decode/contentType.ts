import type { ContentType } from '../../model/contentTypes.ts'

/** Each payload content type, and whether POST wants it base64-encoded (contract 01, content type matrix). */
const PAYLOAD_ENCODINGS: ReadonlyMap<
  string,
  { type: ContentType; encoding: 'base64' | undefined }
> = new Map([
  ['text/plain', { type: 'text/plain', encoding: undefined }],
  ['application/octet-stream', { type: 'application/octet-stream', encoding: 'base64' }],
  ['application/pkcs8', { type: 'application/pkcs8', encoding: 'base64' }],
])

/**
 * Case does not matter, a charset of utf-8 may follow text/plain and octet-stream; every other
 * parameter, and an empty one, is refused.
 */
export function payloadContentType(
  text: string,
): { readonly type: ContentType; readonly encoding: 'base64' | undefined } | undefined {
  const [type = '', ...parameters] = text.trimStart().toLowerCase().split(';')
  const entry = PAYLOAD_ENCODINGS.get(type.trimEnd())
  if (entry === undefined || parameters.length === 0) return entry
  if (parameters.length > 1 || entry.type === 'application/pkcs8') return undefined
  // The reference looks at the value alone: any parameter name serves.
  return parameters[0]?.split('=')[1]?.trim() === 'utf-8' ? entry : undefined
}
