/** The URL with `***` for its password. Works on what is no valid URL as well: nothing after `user:` may show. */
export function maskUrl(url: string): string {
  // Greedy up to the last @: a password that holds one unescaped must not show its second half.
  return url.replaceAll(/(:\/\/[^:/?#@\s]*):\S*@/g, '$1:***@')
}
