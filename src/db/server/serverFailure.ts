/** What is said of a connection by ourselves, in the words of a socket: every dialect knows them. */
export function connectionFailure(message: string, code: 'ECONNRESET' | 'ETIMEDOUT'): Error {
  return Object.assign(new Error(message), { code })
}

export function isTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ETIMEDOUT'
}
