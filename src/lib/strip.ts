/**
 * Strips as Barbican's server does (contract 01): Python's whitespace includes U+001C-001F and
 * U+0085, and does not include U+FEFF, unlike String.prototype.trim.
 */
const SPACE =
  '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const ONE_SPACE = new RegExp(`^${SPACE}$`)

export function strip(text: string): string {
  let start = 0
  let end = text.length
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1
  while (start < end && isSpace(text.charCodeAt(start))) start += 1
  return text.slice(start, end)
}

function isSpace(code: number): boolean {
  if (code > 0x20 && code < 0x85) return false
  return ONE_SPACE.test(String.fromCharCode(code))
}
