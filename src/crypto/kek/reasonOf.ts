/** Why a connection did not come about or broke, in one word where there is one. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return 'unknown error'
  if ('code' in error && typeof error.code === 'string') {
    // OpenSSL's codes say less than its sentences, and those of Node no more.
    return error.code.startsWith('ERR_SSL') || error.code.startsWith('ERR_TLS')
      ? `${error.code} (${error.message.slice(0, 200).replaceAll(/\s+/g, ' ').trim()})`
      : error.code
  }
  return error.message
}
