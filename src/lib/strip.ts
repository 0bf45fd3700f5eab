/**
 * Strips as Barbican's server does (contract 01): Python's whitespace includes U+001C-001F and
 * U+0085, and does not include U+FEFF, unlike String.prototype.trim.
 */
const SPACE =
  '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const LEADING = new RegExp(`^${SPACE}+`)

export function strip(text: string): string {
  let end = text.length
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end -= 1
  return text.slice(0, end).replace(LEADING, '')
}

const ONE_SPACE = new RegExp(`^${SPACE}$`)

function isSpace(code: number): boolean {
  if (code > 0x20 && code < 0x85) return false
  return ONE_SPACE.test(String.fromCharCode(code))
}
