/** No cheaper test exists for the text that nearly every name is. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is all of ASCII
const ASCII = /^[\x00-\x7f]*$/

/**
 * The form in which names, algorithms and modes are compared, so that all three databases agree
 * whatever their collation. NFC first: one letter typed in two ways is one letter. Then Unicode's simple
 * case folding, by way of upper case because sigma has two lower-case forms. Code point by code point,
 * and one stays one: `_` in a pattern stands for one character, and a pattern cut anywhere still folds
 * as the name does. Hence `ß` is not `ss`, and `İ`, whose lower case has two code points, is itself.
 */
export function foldCase(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  let folded = ''
  for (const character of text.normalize('NFC')) folded += foldCharacter(character)
  return folded
}

export function foldedOrNull(text: string | null): string | null {
  return text === null ? null : foldCase(text)
}

function foldCharacter(character: string): string {
  const upper = character.toUpperCase()
  const lower = (isOneCodePoint(upper) ? upper : character).toLowerCase()
  return isOneCodePoint(lower) ? lower : character
}

function isOneCodePoint(text: string): boolean {
  return text.length === 1 || (text.length === 2 && (text.codePointAt(0) ?? 0) > 0xffff)
}
