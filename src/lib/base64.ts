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

/**
 * The same, but whatever is outside the alphabet is skipped, all of it if need be. For the PUT of a
 * payload alone: Barbican's functional tests send it such bodies and want them taken.
 * @returns undefined when what is left is no base64
 */
export function decodeLenientBase64(text: string): Buffer | undefined {
  return decodeBase64(text.replace(/[^A-Za-z0-9+/=]+/g, ''))
}
