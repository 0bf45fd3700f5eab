/** Query parameters; a repeated one has its last value (Q20). Never throws. */
export function parseQuery(queryString: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  if (queryString === '') return parameters
  for (const [key, value] of new URLSearchParams(queryString)) parameters.set(key, value)
  return parameters
}

/** Barbican unquotes filter values a second time (contract 01); broken escapes stay as they are. */
export function unquotePlus(value: string): string {
  const spaced = value.replaceAll('+', ' ')
  return spaced.replace(/(?:%[0-9a-fA-F]{2})+/g, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  )
}
