/**
 * oslo.config's `$name`, `${name}` and `$section.name`; `$$` and `\$` are a dollar sign. A dollar sign
 * that no name follows stays as it is.
 *
 * @param lookUp the text of an option, undefined when there is none of that name
 * @returns the names that stand for nothing, when there are any
 */
export function substitute(
  text: string,
  lookUp: (name: string) => string | undefined,
): { readonly text: string } | { readonly unresolved: readonly string[] } {
  if (!text.includes('$')) return { text }
  const unresolved: string[] = []
  // oslo turns `\$` into `$$` before it looks at anything else, so we do.
  const replaced = text
    .replaceAll('\\$', '$$$$')
    .replaceAll(
      /\$\$|\$([_a-z][._a-z0-9]*)|\$\{([_a-z][._a-z0-9]*)\}/gi,
      (match: string, bare: string | undefined, braced: string | undefined) => {
        const name = bare ?? braced
        if (name === undefined) return '$'
        const value = lookUp(name)
        if (value === undefined) unresolved.push(name)
        return value ?? match
      },
    )
  return unresolved.length > 0 ? { unresolved } : { text: replaced }
}
