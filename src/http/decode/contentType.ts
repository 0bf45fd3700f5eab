import { type ContentType, contentTypeNamed } from '../../model/contentTypes.ts'

/** A payload content type, and whether POST wants it base64-encoded (contract 01, content type matrix). */
export function payloadContentType(
  text: string,
): { readonly type: ContentType; readonly encoding: 'base64' | undefined } | undefined {
  const type = contentTypeNamed(text)
  if (type === undefined) return undefined
  return { type, encoding: type === 'text/plain' ? undefined : 'base64' }
}
