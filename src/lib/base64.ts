/**
 * Decodes standard base64 (RFC 4648 section 4) that may be wrapped over lines, as `base64 < file` and
 * PEM bodies are. Anything else outside the alphabet is refused: Barbican skips it and so stores a
 * silently damaged key (contract 14, Q13).
 * @returns undefined when the text is no base64
 */
export function decodeBase64(text: string): Buffer | undefined {
  const compact = text.replace(/[ \t\r\n\v\f]+/g, '')
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return undefined
  return Buffer.from(compact, 'base64')
}
